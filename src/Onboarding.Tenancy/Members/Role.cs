namespace Onboarding.Tenancy.Members;

/// <summary>A role of one organization: a name for a set of permissions.</summary>
/// <remarks>
/// The built-in ones have rows too, without permissions, so that a member's role is a foreign key: a role that somebody
/// holds cannot go, whoever races. What requests read is the copy in the catalogue (<see cref="Organizations.PublishSettings"/>).
/// </remarks>
public sealed class Role
{
    private Role()
    {
    }

    /// <summary>Its name: 2-40 of <c>a-z0-9_-</c>. Never changes, because tokens carry it.</summary>
    public string Name { get; private init; } = "";

    /// <summary>What it is for.</summary>
    public string Description { get; private set; } = "";

    /// <summary>What it may do; empty for the built-in ones, whose permissions stand in the code.</summary>
    public IReadOnlyList<string> Permissions { get; private set; } = [];

    /// <summary>Whether it comes with the product.</summary>
    public bool IsBuiltIn { get; private init; }

    /// <summary>When it was defined.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>A new role.</summary>
    public static (Role Role, RoleDefined Event) Define(string name, string description, IEnumerable<string> permissions, DateTimeOffset now)
    {
        var role = new Role { Name = name, Description = description, Permissions = InOrder(permissions), CreatedAt = now };
        return (role, new RoleDefined(name, role.Permissions, now));
    }

    /// <summary>Other permissions or another description; null when there is nothing to change, or when it is built in.</summary>
    public RoleChanged? Change(string? description, IEnumerable<string>? permissions, DateTimeOffset now)
    {
        var wanted = permissions is null ? Permissions : InOrder(permissions);
        if (IsBuiltIn || (wanted.SequenceEqual(Permissions) && (description ?? Description) == Description))
        {
            return null;
        }

        Description = description ?? Description;
        Permissions = wanted;
        return new RoleChanged(Name, Permissions, now);
    }

    /// <summary>The event of its deletion; null when it is built in.</summary>
    public RoleDeleted? Delete(DateTimeOffset now) => IsBuiltIn ? null : new RoleDeleted(Name, now);

    private static List<string> InOrder(IEnumerable<string> permissions) => [.. permissions.Distinct().Order(StringComparer.Ordinal)];
}
