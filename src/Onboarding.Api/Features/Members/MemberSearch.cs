using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

internal static class MemberSearch
{
    /// <summary>Members whose user name, address or full name holds <paramref name="text"/>; all when there is none.</summary>
    public static IQueryable<Member> Search(this IQueryable<Member> members, string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return members;
        }

        var escaped = text.Trim().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
        var pattern = $"%{escaped}%";

        // The escape character is named, because without one Npgsql says ESCAPE '' and the escapes would be searched for.
        return members.Where(m =>
            EF.Functions.ILike(m.UserName!, pattern, "\\") || EF.Functions.ILike(m.Email!, pattern, "\\") || EF.Functions.ILike(m.FullName, pattern, "\\"));
    }
}
