using System.Collections.Frozen;
using Onboarding.Tenancy.Members;

namespace Onboarding.Webhooks.Events;

/// <summary>The permission that an event takes: the one by which the API lets somebody read what the event tells of.</summary>
/// <remarks>By group, which is what stands before the full stop of a type. A group without a line here stops the start.</remarks>
internal static class EventPermissions
{
    private static readonly FrozenDictionary<string, string> ByGroup = new Dictionary<string, string>
    {
        ["api_key"] = Permissions.ManageApiKeys,
        ["approval_rule"] = Permissions.ManageRoles,
        ["delivery"] = Permissions.ReadWebhooks,
        ["endpoint"] = Permissions.ReadWebhooks,
        ["invitation"] = Permissions.InviteMembers,
        ["invoice"] = Permissions.ManageBilling,
        ["member"] = Permissions.ReadMembers,
        ["members"] = Permissions.ReadMembers,
        ["organization"] = Permissions.ManageOrganization,
        ["role"] = Permissions.ReadMembers,
        ["session"] = Permissions.ManageMembers,
        ["subscription"] = Permissions.ManageBilling,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Of a type, such as <c>member.approved</c>.</summary>
    /// <exception cref="KeyNotFoundException">Its group has no line.</exception>
    public static string Of(string type) => ByGroup[type[..type.IndexOf('.', StringComparison.Ordinal)]];
}
