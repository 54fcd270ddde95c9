using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Organizations;

/// <summary>How members of an organization may sign in.</summary>
public enum SignInMethod
{
    /// <summary>Password, with a second factor where one is set up or required.</summary>
    Password,

    /// <summary>Passkey, which is both factors in one.</summary>
    Passkey,
}

/// <summary>What the admins of an organization have settled for it: one row of its schema.</summary>
/// <remarks>
/// The truth is here, beside the audit log and in its transaction; requests read the copy in the catalogue
/// (<see cref="PublishSettings"/>). Whoever changes settings or roles locks this row, so that <see cref="Revision"/>
/// puts the changes in order.
/// </remarks>
public sealed class OrganizationSettings
{
    /// <summary>The id of the only row.</summary>
    public const short OnlyId = 1;

    /// <summary>Fewest minutes that a session can be given.</summary>
    public const int LeastMinutes = 5;

    /// <summary>Most of <see cref="SessionIdleMinutes"/>.</summary>
    public const int MostIdleMinutes = 129_600;

    /// <summary>Most of <see cref="SessionAbsoluteMinutes"/>.</summary>
    public const int MostAbsoluteMinutes = 525_600;

    /// <summary>Least of <see cref="MinPasswordLength"/>.</summary>
    public const int LeastPasswordLength = 12;

    /// <summary>Most of <see cref="MinPasswordLength"/>.</summary>
    public const int MostPasswordLength = 64;

    private OrganizationSettings()
    {
    }

    /// <summary>Always <see cref="OnlyId"/>.</summary>
    public short Id { get; private init; }

    /// <summary>Counts the changes of settings and roles: a copy never takes the place of a newer one.</summary>
    public long Revision { get; private set; }

    /// <summary>Display name; null is that of the catalogue.</summary>
    public string? Name { get; private set; }

    /// <summary>An https address; null shows the name.</summary>
    public string? LogoUrl { get; private set; }

    /// <summary><c>#rrggbb</c>; null is that of the catalogue.</summary>
    public string? AccentColor { get; private set; }

    /// <summary>From when on members without a second factor can do nothing but set one up; null requires none.</summary>
    public DateTimeOffset? MfaRequiredFrom { get; private set; }

    /// <summary>Minutes after which an unused session ends; null is the product's own limit.</summary>
    public int? SessionIdleMinutes { get; private set; }

    /// <summary>Minutes after which a session ends however busy; null is the product's own limit.</summary>
    public int? SessionAbsoluteMinutes { get; private set; }

    /// <summary>Shortest password that can be chosen; null is the product's own limit.</summary>
    public int? MinPasswordLength { get; private set; }

    /// <summary>How members may sign in; at least one.</summary>
    public IReadOnlyList<SignInMethod> SignInMethods { get; private set; } = [SignInMethod.Password, SignInMethod.Passkey];

    /// <summary>Whether it can be <see cref="LogoUrl"/>: mail clients load nothing else.</summary>
    public static bool IsLogo(string address) => Uri.TryCreate(address, UriKind.Absolute, out var url)
        && url is { Scheme: "https", UserInfo: "", IsLoopback: false, HostNameType: UriHostNameType.Dns } && url.Host.Contains('.', StringComparison.Ordinal);

    /// <summary>Something of the settings or of the roles changes.</summary>
    public long NextRevision() => ++Revision;

    /// <summary>Takes over what <paramref name="change"/> says; null when that changes nothing.</summary>
    public OrganizationSettingsChanged? Change(SettingsChange change, DateTimeOffset now)
    {
        var before = Snapshot();
        Name = change.Name ?? Name;
        LogoUrl = change.LogoUrl is { } logo ? logo.Value : LogoUrl;
        AccentColor = change.AccentColor ?? AccentColor;
        MfaRequiredFrom = change.MfaRequiredFrom is { } mfa ? mfa.Value : MfaRequiredFrom;
        SessionIdleMinutes = change.SessionIdleMinutes is { } idle ? idle.Value : SessionIdleMinutes;
        SessionAbsoluteMinutes = change.SessionAbsoluteMinutes is { } absolute ? absolute.Value : SessionAbsoluteMinutes;
        MinPasswordLength = change.MinPasswordLength is { } length ? length.Value : MinPasswordLength;
        SignInMethods = change.SignInMethods ?? SignInMethods;

        var after = Snapshot();
        var changed = after.Keys.Where(key => !Equals(before[key], after[key])).Order(StringComparer.Ordinal).ToList();
        return changed.Count == 0 ? null : new OrganizationSettingsChanged(changed, now);
    }

    private Dictionary<string, object?> Snapshot() => new()
    {
        ["name"] = Name,
        ["logo_url"] = LogoUrl,
        ["accent_color"] = AccentColor,
        ["mfa_required_from"] = MfaRequiredFrom,
        ["session_idle_minutes"] = SessionIdleMinutes,
        ["session_absolute_minutes"] = SessionAbsoluteMinutes,
        ["min_password_length"] = MinPasswordLength,
        ["sign_in_methods"] = string.Join(' ', SignInMethods),
    };
}

/// <summary>A value that is to be set, to nothing too; where there is no such box, nothing changes.</summary>
/// <param name="Value">What it becomes.</param>
public sealed record Assigned<T>(T Value);

/// <summary>What to change of the settings; null leaves a value as it is.</summary>
public sealed record SettingsChange(
    string? Name = null,
    Assigned<string?>? LogoUrl = null,
    string? AccentColor = null,
    Assigned<DateTimeOffset?>? MfaRequiredFrom = null,
    Assigned<int?>? SessionIdleMinutes = null,
    Assigned<int?>? SessionAbsoluteMinutes = null,
    Assigned<int?>? MinPasswordLength = null,
    IReadOnlyList<SignInMethod>? SignInMethods = null);

/// <summary>An admin changed the organization's settings.</summary>
/// <param name="Changed">Names of what changed, as the API spells them.</param>
/// <param name="OccurredAt">When it happened.</param>
public sealed record OrganizationSettingsChanged(IReadOnlyList<string> Changed, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    internal const string Name = "organization.settings_changed";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => null;

    /// <inheritdoc/>
    public override string? AuditNote => string.Join(' ', Changed);
}
