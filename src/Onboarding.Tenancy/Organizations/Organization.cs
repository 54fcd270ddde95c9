using System.Collections.Frozen;
using System.ComponentModel;
using Finbuckle.MultiTenant.Abstractions;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Organizations;

/// <summary>A tenant: one row of the catalogue, one PostgreSQL schema, one PostgreSQL role.</summary>
/// <remarks>
/// Cached instances are shared between requests, hence <see cref="ImmutableObjectAttribute"/>: only instances tracked
/// by <see cref="Data.PlatformDbContext"/> are ever changed.
/// </remarks>
[ImmutableObject(true)]
public sealed class Organization : ITenantInfo
{
    private readonly string id = "";
    private Guid? secretScope;

    private Organization()
    {
    }

    /// <summary>UUIDv7 in its canonical text form; a <c>uuid</c> column in the catalogue.</summary>
    public string Id
    {
        get => id;
        private init
        {
            id = value;
            Key = Guid.Parse(value);
            Schema = $"org_{Key:N}";
        }
    }

    /// <summary>The same id as a <see cref="Guid"/>.</summary>
    public Guid Key { get; private init; }

    /// <summary>
    /// Name of its schema and of its PostgreSQL role. Made of the id and never of user text, so no identifier that
    /// somebody chooses can reach SQL (SEC-4).
    /// </summary>
    public string Schema { get; private init; } = "";

    /// <summary>Label of its host: <c>{identifier}.{BaseDomain}</c>. 3-40 of <c>a-z0-9-</c>.</summary>
    public string Identifier { get; private init; } = "";

    /// <summary>What the identifier looks like at a glance; computed by PostgreSQL (<see cref="OrganizationIdentifier.LookAlikeKey"/>).</summary>
    public string LookAlikeKey { get; private init; } = "";

    /// <summary>Display name, as mails and pages show it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Accent colour of its mails and pages, <c>#rrggbb</c>.</summary>
    public string AccentColor { get; private set; } = DefaultAccentColor;

    /// <summary>What its admins have settled, its own roles among it.</summary>
    public PublishedSettings Settings { get; private set; } = PublishedSettings.None;

    /// <summary>Key of its plan in the plan catalogue.</summary>
    public string Plan { get; private set; } = "";

    /// <summary>What was settled for it alone, and goes before its plan.</summary>
    public PlanOverrides Overrides { get; private set; } = PlanOverrides.None;

    /// <summary>Where it stands in its life.</summary>
    public OrganizationStatus Status { get; private set; }

    /// <summary>Number of tenant migrations that its schema has; written in the transaction that applies them.</summary>
    public int SchemaVersion { get; private set; }

    /// <summary>Why its last migration failed; null while it is well. A quarantined organization stops nobody else (FAULT-17).</summary>
    public string? MigrationError { get; private set; }

    /// <summary>When everything of it is deleted for good, if nobody restores it before; null while nobody has asked for that.</summary>
    public DateTimeOffset? PurgeAt { get; private set; }

    /// <summary>What it goes back to when it is restored.</summary>
    public OrganizationStatus? StatusBefore { get; private set; }

    /// <summary>
    /// What its members' and endpoints' secrets are encrypted for: its own id, or that of the organization of which it is a
    /// copy, so that what was copied byte for byte still opens.
    /// </summary>
    public Guid SecretScope => secretScope ?? Key;

    /// <summary>When it was put into the catalogue.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When its row last changed; nodes that missed a notification find it by this.</summary>
    public DateTimeOffset ChangedAt { get; private set; }

    /// <summary>The colour of an organization that has chosen none.</summary>
    public const string DefaultAccentColor = "#2f5bea";

    /// <summary>A new entry of the catalogue, yet to be provisioned.</summary>
    public static Organization Register(string identifier, string name, string plan, DateTimeOffset now) => new()
    {
        Id = Ids.New(now).ToString(),
        Identifier = identifier,
        Name = name,
        Plan = plan,
        Status = OrganizationStatus.Provisioning,
        CreatedAt = now,
        ChangedAt = now,
    };

    /// <summary>A copy of <paramref name="source"/>, whose schema is filled already.</summary>
    /// <param name="source">As its archive has it.</param>
    /// <param name="settled">What its tables say, which goes before whatever an archive claims.</param>
    /// <param name="identifier">Its own.</param>
    /// <param name="name">Its own name; null takes over the source's.</param>
    /// <param name="plan">Key of its plan.</param>
    /// <param name="overrides">What is settled for it alone.</param>
    /// <param name="schemaVersion">That of its schema.</param>
    /// <param name="id">Its own, of which the schema has its name.</param>
    /// <param name="now">When.</param>
    internal static Organization Copy(
        ArchivedOrganization source, SettledSettings settled, string identifier, string? name, string plan, PlanOverrides overrides, int schemaVersion, Guid id, DateTimeOffset now) => new()
    {
        secretScope = source.SecretScope,
        Id = id.ToString(),
        Identifier = identifier,
        Name = name ?? settled.Name ?? source.Name,
        AccentColor = settled.AccentColor ?? source.AccentColor,
        Settings = settled.Published,
        Plan = plan,
        Overrides = overrides,
        Status = OrganizationStatus.Active,
        SchemaVersion = schemaVersion,
        CreatedAt = now,
        ChangedAt = now,
    };

    /// <summary>Whether it has such a role. System roles such as <c>super_admin</c> are not among them (ONB-8).</summary>
    public bool HasRole(string role) => Settings.PermissionsOf(role) is not null;

    /// <summary>What <paramref name="role"/> may do here; nothing when it is null or unknown.</summary>
    public IReadOnlySet<string> PermissionsOf(string? role) =>
        (role is null ? null : Settings.PermissionsOf(role)) ?? FrozenSet<string>.Empty;

    /// <summary>Whether somebody with <paramref name="granter"/> may give <paramref name="role"/>: never more than they hold (ONB-8).</summary>
    public bool MayGrant(IReadOnlySet<string> granter, string role) =>
        Settings.PermissionsOf(role)?.IsSubsetOf(granter) == true;

    /// <summary>Whether an approval rule may give <paramref name="role"/>: never all that an admin may do, whatever it is called (ONB-9).</summary>
    public bool MayGiveByRule(string role) => Settings.PermissionsOf(role) is { } given && !given.IsSupersetOf(Permissions.All);

    /// <summary>Whether members with <paramref name="role"/> get in: all while it serves; who can pay for it while it is suspended.</summary>
    public bool Admits(string? role) =>
        Status == OrganizationStatus.Active || (Status == OrganizationStatus.Suspended && PermissionsOf(role).Contains(Permissions.ManageBilling));

    /// <summary>Names of the roles that hold <paramref name="permission"/>.</summary>
    public IReadOnlyList<string> RolesWith(string permission) =>
        [.. Roles.BuiltIn.Where(role => role.Value.Contains(permission)).Select(role => role.Key), .. Settings.CustomRoles.Where(role => role.Value.Contains(permission)).Select(role => role.Key)];

    /// <summary>Takes over what was settled. False when it holds something newer already.</summary>
    public bool Publish(PublishedSettings settings, string? name, string? accentColor, DateTimeOffset now)
    {
        if (settings.Revision <= Settings.Revision)
        {
            return false;
        }

        Settings = settings;
        Name = name ?? Name;
        AccentColor = accentColor ?? AccentColor;
        ChangedAt = now;
        return true;
    }

    /// <summary>Stops it from serving. False when it is not active.</summary>
    public bool Suspend(DateTimeOffset now) => Move(OrganizationStatus.Active, OrganizationStatus.Suspended, now);

    /// <summary>Lets it serve again. False when it is not suspended.</summary>
    public bool Reactivate(DateTimeOffset now) => Move(OrganizationStatus.Suspended, OrganizationStatus.Active, now);

    /// <summary>Settles for it alone what goes before its plan.</summary>
    public void Settle(PlanOverrides overrides, DateTimeOffset now)
    {
        Overrides = overrides;
        ChangedAt = now;
    }

    /// <summary>
    /// From here it serves nobody, and after <paramref name="grace"/> everything of it is deleted. Of several ends the earliest
    /// counts; what was never set up has nothing to come back to, and no grace.
    /// </summary>
    /// <returns>False when it was on its way out already.</returns>
    public bool BeginDeletion(DateTimeOffset now, TimeSpan grace)
    {
        var begins = Status != OrganizationStatus.Deleting;
        StatusBefore = begins ? Status : StatusBefore;
        var end = StatusBefore is OrganizationStatus.Active or OrganizationStatus.Suspended ? now + grace : now;
        PurgeAt = PurgeAt < end ? PurgeAt : end;
        Status = OrganizationStatus.Deleting;
        ChangedAt = now;
        return begins;
    }

    /// <summary>Takes its deletion back. False when it is not on its way out, or has nothing to come back to.</summary>
    public bool Restore(DateTimeOffset now)
    {
        if (Status != OrganizationStatus.Deleting || StatusBefore is not (OrganizationStatus.Active or OrganizationStatus.Suspended))
        {
            return false;
        }

        (Status, StatusBefore, PurgeAt, ChangedAt) = (StatusBefore.Value, null, null, now);
        return true;
    }

    private bool Move(OrganizationStatus from, OrganizationStatus to, DateTimeOffset now)
    {
        if (Status != from)
        {
            return false;
        }

        Status = to;
        ChangedAt = now;
        return true;
    }
}
