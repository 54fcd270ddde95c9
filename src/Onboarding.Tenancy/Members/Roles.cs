using System.Collections.Frozen;

namespace Onboarding.Tenancy.Members;

/// <summary>The built-in roles of an organization. A role is a set of permissions.</summary>
public static class Roles
{
    /// <summary>A member without special rights: sees and changes nothing but the own account.</summary>
    public const string User = "user";

    /// <summary>Holds every permission of the organization.</summary>
    public const string Admin = "admin";

    private static readonly FrozenDictionary<string, FrozenSet<string>> BuiltIn = new Dictionary<string, FrozenSet<string>>
    {
        [User] = FrozenSet<string>.Empty,
        [Admin] = Permissions.All,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Whether an organization knows this role. System roles such as <c>super_admin</c> are not among them (ONB-8).</summary>
    public static bool Exists(string role) => BuiltIn.ContainsKey(role);

    /// <summary>What <paramref name="role"/> may do; nothing when it is null or unknown.</summary>
    public static FrozenSet<string> PermissionsOf(string? role) =>
        role is not null && BuiltIn.TryGetValue(role, out var permissions) ? permissions : FrozenSet<string>.Empty;

    /// <summary>Whether somebody with <paramref name="granter"/> may give <paramref name="role"/>: never more than they hold (ONB-8).</summary>
    public static bool MayGrant(IReadOnlySet<string> granter, string role) =>
        Exists(role) && PermissionsOf(role).IsSubsetOf(granter);
}
