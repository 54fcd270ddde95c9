using System.Collections.Frozen;

namespace Onboarding.Tenancy.Members;

/// <summary>The built-in roles of every organization. Its own ones stand beside them (<see cref="Role"/>).</summary>
public static class Roles
{
    /// <summary>A member without special rights: sees and changes nothing but the own account.</summary>
    public const string User = "user";

    /// <summary>Holds every permission of the organization.</summary>
    public const string Admin = "admin";

    /// <summary>What the built-in roles may do; they cannot be changed.</summary>
    public static FrozenDictionary<string, FrozenSet<string>> BuiltIn { get; } = new Dictionary<string, FrozenSet<string>>
    {
        [User] = FrozenSet<string>.Empty,
        [Admin] = Permissions.All,
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
