using Microsoft.AspNetCore.Identity;

namespace Onboarding.Tenancy.Members;

/// <summary>A person in an organization, from the first registration on. Owns every change of its status.</summary>
/// <remarks>
/// A transition returns the event to record, or null when the member is not in a state that allows it; it never throws
/// for that. Two deciders at once are told apart by <see cref="Version"/> (ONB-6).
/// </remarks>
public sealed class Member : IdentityUser<Guid>
{
    private Member()
    {
    }

    /// <summary>How the person wants to be called in full.</summary>
    public string FullName { get; private set; } = "";

    /// <summary>Where the person stands.</summary>
    public MemberStatus Status { get; private set; }

    /// <summary>Role, given at approval; null before (ONB-1).</summary>
    public string? Role { get; private set; }

    /// <summary>When the latest registration arrived.</summary>
    public DateTimeOffset RegisteredAt { get; private set; }

    /// <summary>When the address was proven: the start of the wait in the queue.</summary>
    public DateTimeOffset? VerifiedAt { get; private set; }

    /// <summary>When an admin approved, rejected or removed.</summary>
    public DateTimeOffset? DecidedAt { get; private set; }

    /// <summary>Member id of who did; null when a machine or the command line did.</summary>
    public Guid? DecidedBy { get; private set; }

    /// <summary>Why the person was rejected or removed, as the admin put it.</summary>
    public string? DecisionReason { get; private set; }

    /// <summary>An address that the member wants instead of the current one, and has not proven yet.</summary>
    public string? PendingEmail { get; private set; }

    /// <summary>PostgreSQL's <c>xmin</c>: of two concurrent changes one fails (ONB-6).</summary>
    public uint Version { get; private set; }

    /// <summary>A first registration: no password, no role, nothing else until the code is verified (ONB-1).</summary>
    /// <param name="email">An address that was checked for its shape; not proven yet.</param>
    public static (Member Member, MemberRegistered Event) Register(
        string userName, string email, string fullName, DateTimeOffset now)
    {
        var member = new Member { Id = Ids.New(now), Status = MemberStatus.PendingVerification };
        member.Describe(userName, email, fullName, now);
        return (member, new MemberRegistered(member.Id, now));
    }

    /// <summary>The first admin of an organization, vouched for by whoever creates it. A mail with a link follows.</summary>
    public static (Member Member, MemberApproved Event) Found(string userName, string email, string fullName, DateTimeOffset now)
    {
        var (member, _) = Register(userName, email, fullName, now);
        member.Verify(now);
        return (member, member.Approve(Roles.Admin, by: null, now)!);
    }

    /// <summary>
    /// The same address again while it is unproven (ONB-2): the newest registration counts, because the newest code
    /// belongs to it. Null when the address is already proven.
    /// </summary>
    public MemberRegistered? RegisterAgain(string userName, string fullName, DateTimeOffset now)
    {
        if (Status != MemberStatus.PendingVerification)
        {
            return null;
        }

        Describe(userName, Email!, fullName, now);
        return new MemberRegistered(Id, now);
    }

    /// <summary>The person proved the address.</summary>
    public MemberVerified? Verify(DateTimeOffset now)
    {
        if (Status != MemberStatus.PendingVerification)
        {
            return null;
        }

        Status = MemberStatus.PendingApproval;
        EmailConfirmed = true;
        VerifiedAt = now;
        return new MemberVerified(Id, now);
    }

    /// <summary>Lets a waiting person in with <paramref name="role"/>.</summary>
    public MemberApproved? Approve(string role, Guid? by, DateTimeOffset now)
    {
        if (Status != MemberStatus.PendingApproval)
        {
            return null;
        }

        Status = MemberStatus.Approved;
        Role = role;
        Decide(by, reason: null, now);
        return new MemberApproved(Id, role, now);
    }

    /// <summary>
    /// An invited person comes in at once, from an open registration of the address or from a new one: the link has
    /// proven the address, and whoever invited has decided (ONB-10).
    /// </summary>
    /// <param name="invitation">The invitation, which is good.</param>
    /// <remarks>
    /// The invited address takes the place of that of the registration: the two compare as equal and yet may be spelled
    /// in ways that lead to two mailboxes.
    /// </remarks>
    public MemberActivated? Join(Invitation invitation, string userName, string fullName, string passwordHash, DateTimeOffset now)
    {
        if (Status is not (MemberStatus.PendingVerification or MemberStatus.PendingApproval))
        {
            return null;
        }

        Describe(userName, invitation.Email, fullName, now);
        EmailConfirmed = true;
        VerifiedAt ??= now;
        Status = MemberStatus.Approved;
        Role = invitation.Role;
        Decide(invitation.InvitedBy, reason: null, now);
        return Activate(passwordHash, now);
    }

    /// <summary>Turns a waiting person down, for now or (<paramref name="block"/>) for good.</summary>
    public MemberRejected? Reject(string? reason, bool block, Guid? by, DateTimeOffset now)
    {
        if (Status != MemberStatus.PendingApproval)
        {
            return null;
        }

        Status = block ? MemberStatus.Blocked : MemberStatus.Rejected;
        Decide(by, reason, now);
        return new MemberRejected(Id, reason, block, now);
    }

    /// <summary>The approved person chose a password (as a hash) and may sign in from now on.</summary>
    public MemberActivated? Activate(string passwordHash, DateTimeOffset now)
    {
        if (Status != MemberStatus.Approved)
        {
            return null;
        }

        Status = MemberStatus.Active;
        PasswordHash = passwordHash;
        SecurityStamp = Ids.New(now).ToString("N");
        return new MemberActivated(Id, now);
    }

    /// <summary>A fresh link for somebody approved who has not set a password yet.</summary>
    public MemberLinkRequested? RequestLink(DateTimeOffset now) =>
        Status == MemberStatus.Approved ? new MemberLinkRequested(Id, now) : null;

    /// <summary>Shuts an active member out.</summary>
    public MemberSuspended? Suspend(string? reason, DateTimeOffset now)
    {
        if (Status != MemberStatus.Active)
        {
            return null;
        }

        Status = MemberStatus.Suspended;
        return new MemberSuspended(Id, reason, now);
    }

    /// <summary>Lets a suspended member back in.</summary>
    public MemberReactivated? Reactivate(DateTimeOffset now)
    {
        if (Status != MemberStatus.Suspended)
        {
            return null;
        }

        Status = MemberStatus.Active;
        return new MemberReactivated(Id, now);
    }

    /// <summary>Takes a member out; what is left is the history that the queue shows when the person returns (ONB-16).</summary>
    public MemberRemoved? Remove(string? reason, Guid? by, DateTimeOffset now)
    {
        if (Status is not (MemberStatus.Approved or MemberStatus.Active or MemberStatus.Suspended))
        {
            return null;
        }

        Status = MemberStatus.Removed;
        Role = null;
        PasswordHash = null;
        PendingEmail = null;
        TwoFactorEnabled = false;
        Decide(by, reason, now);
        return new MemberRemoved(Id, reason, now);
    }

    /// <summary>The person never proved the address in time (ONB-17). False when there is nothing to expire.</summary>
    public bool Expire()
    {
        if (Status != MemberStatus.PendingVerification)
        {
            return false;
        }

        Status = MemberStatus.Expired;
        return true;
    }

    /// <summary>Gives a member another role; null when there is nothing to change.</summary>
    public MemberRoleChanged? ChangeRole(string role, DateTimeOffset now)
    {
        if (Role is not { } from || from == role)
        {
            return null;
        }

        Role = role;
        return new MemberRoleChanged(Id, from, role, now);
    }

    /// <summary>A link to reset a forgotten password; null unless the member is active.</summary>
    public MemberPasswordResetRequested? RequestPasswordReset(DateTimeOffset now) =>
        Status == MemberStatus.Active ? new MemberPasswordResetRequested(Id, now) : null;

    /// <summary>Another password, as a hash; null unless the member is active.</summary>
    /// <param name="reset">Whether a link of a mail did it, and not the signed-in member.</param>
    public MemberPasswordChanged? ChangePassword(string passwordHash, bool reset, DateTimeOffset now)
    {
        if (Status != MemberStatus.Active)
        {
            return null;
        }

        PasswordHash = passwordHash;
        SecurityStamp = Ids.New(now).ToString("N");
        return new MemberPasswordChanged(Id, reset, now);
    }

    /// <summary>The member wants another address; it has to be proven first. Null unless the member is active.</summary>
    public MemberEmailChangeRequested? RequestEmail(string email, DateTimeOffset now)
    {
        if (Status != MemberStatus.Active)
        {
            return null;
        }

        PendingEmail = email.Trim();
        return new MemberEmailChangeRequested(Id, now);
    }

    /// <summary>The address that was asked for is proven; null when none is pending.</summary>
    public MemberEmailChanged? ChangeEmail(DateTimeOffset now)
    {
        if (PendingEmail is not { } wanted)
        {
            return null;
        }

        var changed = new MemberEmailChanged(Id, Email!, wanted, now);
        Email = wanted;
        NormalizedEmail = Normalize(wanted);
        PendingEmail = null;
        return changed;
    }

    /// <summary>A new display name; null when it is the same.</summary>
    public MemberProfileChanged? Rename(string fullName, DateTimeOffset now)
    {
        if (FullName == fullName)
        {
            return null;
        }

        FullName = fullName;
        return new MemberProfileChanged(Id, now);
    }

    /// <summary>How many wrong second factors in a row make the next ones wait for <see cref="SecondFactorPause"/> (SEC-29).</summary>
    public const int MaxSecondFactorFailures = 5;

    /// <summary>How long second factors are refused then, the right ones too.</summary>
    public static readonly TimeSpan SecondFactorPause = TimeSpan.FromMinutes(15);

    /// <summary>Until when second factors are refused; null when they are not.</summary>
    public DateTimeOffset? SecondFactorsRefusedUntil(DateTimeOffset now) => LockoutEnd > now ? LockoutEnd : null;

    /// <summary>
    /// A wrong second factor, of whichever kind: one counter for all (SEC-29). True when it was one too many. Only whoever
    /// knows the password gets here, so nobody else can make the member wait (SEC-20). On a locked row only.
    /// </summary>
    public bool CountSecondFactorFailure(DateTimeOffset now)
    {
        if (++AccessFailedCount < MaxSecondFactorFailures)
        {
            return false;
        }

        AccessFailedCount = 0;
        LockoutEnd = now + SecondFactorPause;
        return true;
    }

    /// <summary>A right second factor: the counter starts again. On a locked row only.</summary>
    public void AcceptSecondFactor()
    {
        AccessFailedCount = 0;
        LockoutEnd = null;
    }

    /// <summary>A second factor was added: signing in asks for one from now on.</summary>
    /// <param name="change">Which one.</param>
    public MemberMfaChanged AddSecondFactor(MfaChange change, DateTimeOffset now)
    {
        TwoFactorEnabled = true;
        return new MemberMfaChanged(Id, change, now);
    }

    /// <summary>A second factor was taken off.</summary>
    /// <param name="change">Which one.</param>
    /// <param name="hasAnother">Whether the member has one left.</param>
    public MemberMfaChanged RemoveSecondFactor(MfaChange change, bool hasAnother, DateTimeOffset now)
    {
        TwoFactorEnabled = hasAnother;
        return new MemberMfaChanged(Id, change, now);
    }

    /// <summary>An admin takes off every second factor; null when there is none.</summary>
    public MemberMfaChanged? ResetSecondFactors(DateTimeOffset now)
    {
        if (!TwoFactorEnabled)
        {
            return null;
        }

        AcceptSecondFactor();
        return RemoveSecondFactor(MfaChange.Reset, hasAnother: false, now);
    }

    /// <summary>
    /// The form in which user names and addresses are compared: upper case, and NFKC where the runtime has ICU. User names
    /// do not rely on that: what it would change is refused when a name is chosen.
    /// </summary>
    public static string Normalize(string name) => name.Trim().Normalize(System.Text.NormalizationForm.FormKC).ToUpperInvariant();

    private void Describe(string userName, string email, string fullName, DateTimeOffset now)
    {
        UserName = userName.Trim();
        NormalizedUserName = Normalize(userName);
        Email = email.Trim();
        NormalizedEmail = Normalize(email);
        FullName = fullName.Trim();
        RegisteredAt = now;
    }

    private void Decide(Guid? by, string? reason, DateTimeOffset now)
    {
        DecidedAt = now;
        DecidedBy = by;
        DecisionReason = reason;
    }
}
