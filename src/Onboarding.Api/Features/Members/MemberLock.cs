using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

internal static class MemberLock
{
    /// <summary>The member, tracked, whose row nobody else changes until the transaction ends; null when it is gone.</summary>
    /// <remarks>
    /// First in line: whoever also touches the member's codes, links or sessions locks the member before them, so that
    /// no two wait for each other. Not as strong as <c>FOR UPDATE</c>, which would stop rows that only refer to the member.
    /// </remarks>
    public static async Task<Member?> LockMemberAsync(this TenantDbContext db, Guid id, CancellationToken cancellationToken) =>
        (await db.Members.FromSql($"SELECT *, xmin FROM members WHERE id = {id} FOR NO KEY UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
}
