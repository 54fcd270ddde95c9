using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Account;

/// <summary>How the link of a mail sets a password, the first one or another: once, and by the rules (ONB-13, SEC-15).</summary>
/// <remarks>The password is hashed before the transaction, so no row is locked while a core is busy.</remarks>
internal sealed class PasswordByLink(TenantDbContext db, PasswordGate gate, TimeProvider clock)
{
    /// <param name="set">Gives the member, whose row is locked, this hash and records it; false when the member's state does not allow it.</param>
    /// <returns>Why no password was set; null when it was.</returns>
    public async Task<ProblemHttpResult?> SetAsync(
        string token, LinkPurpose purpose, string password, Func<Member, string, Task<bool>> set, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(token, PasswordLink.PrefixOf(purpose)))
        {
            return Invalid(null);
        }

        var tokenHash = SecretHasher.HashToken(token);
        var found = await db.PasswordLinks.AsNoTracking()
            .Where(l => l.TokenHash == tokenHash && l.Purpose == purpose)
            .Join(db.Members, l => l.MemberId, m => m.Id, (link, member) => new { Link = link, Member = member })
            .SingleOrDefaultAsync(cancellationToken);
        if (found is null || !found.Link.TryUse(clock.GetUtcNow()))
        {
            return Invalid(found?.Link);
        }

        if (PasswordRules.Refusal(password, found.Member, db.Organization!) is { } weak)
        {
            return weak;
        }

        if (await gate.HashAsync(db.Organization!.Key, password, cancellationToken) is not { } passwordHash)
        {
            return PasswordGate.Busy();
        }

        return await db.InTransactionAsync(() => UseAsync(found.Link, passwordHash, set, cancellationToken), cancellationToken) ? null : Invalid(found.Link);
    }

    private async Task<bool> UseAsync(PasswordLink found, string passwordHash, Func<Member, string, Task<bool>> set, CancellationToken cancellationToken)
    {
        var member = await db.LockMemberAsync(found.MemberId, cancellationToken);
        var link = (await db.PasswordLinks.FromSql($"SELECT * FROM password_links WHERE id = {found.Id} FOR UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
        if (member is null || link?.TryUse(clock.GetUtcNow()) is not true || !await set(member, passwordHash))
        {
            return false;
        }

        await db.SaveChangesAsync(cancellationToken);
        return true;
    }

    private static ProblemHttpResult Invalid(PasswordLink? link) => Problems.NotFound("link.invalid", link switch
    {
        { UsedAt: not null } => "This link has been used already. Sign in with the password that was set.",
        { SupersededAt: not null } => "This link has been superseded; use that of the newest mail.",
        _ => "This link is not good, or no longer.",
    });
}
