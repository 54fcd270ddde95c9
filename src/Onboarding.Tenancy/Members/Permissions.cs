using System.Collections.Frozen;

namespace Onboarding.Tenancy.Members;

/// <summary>What a credential may do. Endpoints name permissions, never roles.</summary>
public static class Permissions
{
    /// <summary>Decide who is let in.</summary>
    public const string ApproveMembers = "members:approve";

    /// <summary>Invite people, who then skip the queue.</summary>
    public const string InviteMembers = "members:invite";

    /// <summary>Change the organization's members.</summary>
    public const string ManageMembers = "members:manage";

    /// <summary>See the organization's members.</summary>
    public const string ReadMembers = "members:read";

    /// <summary>Define roles, and rules that let people in.</summary>
    public const string ManageRoles = "roles:manage";

    /// <summary>Change the organization's name, branding and security policy.</summary>
    public const string ManageOrganization = "organization:manage";

    /// <summary>Create keys for machines, and revoke them.</summary>
    public const string ManageApiKeys = "api_keys:manage";

    /// <summary>Read the audit log.</summary>
    public const string ReadAuditLog = "audit:read";

    /// <summary>See webhook endpoints and what became of deliveries.</summary>
    public const string ReadWebhooks = "webhooks:read";

    /// <summary>Add, change and stop webhook endpoints, and send deliveries again.</summary>
    public const string ManageWebhooks = "webhooks:manage";

    /// <summary>Choose and pay for the plan.</summary>
    public const string ManageBilling = "billing:manage";

    /// <summary>Every permission there is, with what it allows.</summary>
    public static IReadOnlyDictionary<string, string> Descriptions { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        [ApproveMembers] = "Approve or reject people who wait.",
        [InviteMembers] = "Invite people, who then come in without waiting.",
        [ManageMembers] = "Suspend, reactivate and remove members, and change their roles.",
        [ReadMembers] = "See the organization's members.",
        [ManageRoles] = "Define roles and approval rules.",
        [ManageOrganization] = "Change name, branding and security policy.",
        [ManageApiKeys] = "Create and revoke the organization's API keys; for people, no key can hold it.",
        [ReadAuditLog] = "Read the audit log.",
        [ManageBilling] = "Choose, change and cancel the plan, and see invoices.",
        [ReadWebhooks] = "See webhook endpoints, messages and deliveries.",
        [ManageWebhooks] = "Add, change and stop webhook endpoints, and send deliveries again.",
    };

    /// <summary>Every permission there is.</summary>
    public static FrozenSet<string> All { get; } = Descriptions.Keys.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// What a super admin can do who acts inside an organization and may change something: nothing that stays when they are gone, such as
    /// a member let in by invitation, a role, a key, an address that events are sent to, or a page of the payment provider (SEC-37). As nobody gives a role that holds
    /// more than they do, they make nobody an admin either.
    /// </summary>
    public static FrozenSet<string> OfSuperAdmins { get; } = All
        .Where(permission => permission is not (InviteMembers or ManageRoles or ManageApiKeys or ManageWebhooks or ManageOrganization or ManageBilling)).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What an API key can hold: one that managed keys could prolong itself, and outlive its own end in others (SEC-34).</summary>
    public static FrozenSet<string> OfKeys { get; } = All.Where(permission => permission != ManageApiKeys).ToFrozenSet(StringComparer.Ordinal);
}
