namespace Onboarding.Tenancy.Members;

/// <summary>Who a member was when something happened.</summary>
public sealed record MemberSnapshot(Guid Id, string Username, string Email, string FullName, string? Role, MemberStatus Status)
{
    internal static MemberSnapshot Of(Member member) =>
        new(member.Id, member.UserName!, member.Email!, member.FullName, member.Role, member.Status);
}
