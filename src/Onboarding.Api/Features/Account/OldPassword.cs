using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Account;

/// <summary>What ends with a password: whoever may know it is to be left with nothing (SEC-19, SEC-24).</summary>
internal sealed class OldPassword(TenantDbContext db, SessionEnding ending, TimeProvider clock)
{
    /// <summary>
    /// Ends sessions, sign-ins that wait for a second factor, remembered devices, and links to reset the password: whoever
    /// has got into the mailbox still meets the second factor, on whatever device. Call it in the transaction that changes the password, with the member's row locked; the caller saves and then revokes what is returned.
    /// </summary>
    /// <param name="keep">A session that lives on: that of the member who changes the password.</param>
    public async Task<IReadOnlyCollection<Session>> EndAsync(Guid memberId, Guid? keep, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await db.PasswordLinks.Where(l => l.MemberId == memberId && l.Purpose == LinkPurpose.ResetPassword && l.UsedAt == null && l.SupersededAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.SupersededAt, now), cancellationToken);
        await db.SignInChallenges.Where(c => c.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
        await db.RememberedDevices.Where(d => d.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
        return await ending.EndOthersAsync(memberId, keep, "password_changed", cancellationToken);
    }
}
