using System.Collections.Frozen;

namespace Onboarding.Tenancy.Members;

/// <summary>What a credential may do. Endpoints name permissions, never roles.</summary>
public static class Permissions
{
    /// <summary>Decide who is let in.</summary>
    public const string ApproveMembers = "members:approve";

    /// <summary>See the organization's members.</summary>
    public const string ReadMembers = "members:read";

    /// <summary>Change the organization's members.</summary>
    public const string ManageMembers = "members:manage";

    /// <summary>Read the audit log.</summary>
    public const string ReadAuditLog = "audit:read";

    /// <summary>Every permission there is.</summary>
    public static FrozenSet<string> All { get; } =
        FrozenSet.ToFrozenSet([ApproveMembers, ReadMembers, ManageMembers, ReadAuditLog], StringComparer.Ordinal);
}
