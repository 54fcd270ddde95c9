using System.Linq.Expressions;

namespace Onboarding.Tenancy.Members;

/// <summary>Who takes a seat of the plan: whoever was let in and was not shut out since.</summary>
public static class Seats
{
    /// <summary>Whether a member takes one.</summary>
    public static readonly Expression<Func<Member, bool>> IsTaken = member => member.Status == MemberStatus.Approved || member.Status == MemberStatus.Active;
}
