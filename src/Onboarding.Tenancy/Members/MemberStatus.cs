namespace Onboarding.Tenancy.Members;

/// <summary>
/// <c>pending_verification -> pending_approval -> approved -> active</c>, and the ways out of it.
/// <see cref="Member"/> owns every transition (requirements: the approval queue).
/// </summary>
public enum MemberStatus
{
    /// <summary>Registered; the e-mail address is not proven yet (ONB-1).</summary>
    PendingVerification,

    /// <summary>Address proven; waits for an admin.</summary>
    PendingApproval,

    /// <summary>Let in; has no password yet.</summary>
    Approved,

    /// <summary>Can sign in.</summary>
    Active,

    /// <summary>Turned down; may register again after a cool-down (ONB-4).</summary>
    Rejected,

    /// <summary>Turned down for good; registering again changes nothing (ONB-4).</summary>
    Blocked,

    /// <summary>Was active; shut out by an admin.</summary>
    Suspended,

    /// <summary>Never proved the address in time (ONB-17).</summary>
    Expired,

    /// <summary>Was a member; may register again and then goes through the queue like anybody (ONB-16).</summary>
    Removed,
}
