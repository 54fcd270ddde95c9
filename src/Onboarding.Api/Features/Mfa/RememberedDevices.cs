using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <summary>Devices that stand in for the second factor at a sign-in, for 30 days.</summary>
/// <remarks>
/// A new password makes strangers of all of them (<see cref="RememberedDevice.TokenHash"/>), and so does taking off the
/// last factor. To change the factors themselves a remembered device does not do (<see cref="ChangingFactors"/>).
/// </remarks>
internal sealed class RememberedDevices(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    /// <summary>Remembers the device of this sign-in; returns its token. The caller saves.</summary>
    public string Remember(Member member, Session session)
    {
        var now = clock.GetUtcNow();
        var (device, token) = RememberedDevice.Remember(member, session, now);
        db.RememberedDevices.Add(device);
        db.Audit("device.remembered", actor.By(member), member.Id, note: null, now);
        return token;
    }

    /// <summary>Whether <paramref name="token"/> is one of a device that the member told to be trusted. The caller holds the member's row, and saves.</summary>
    public async Task<bool> TryUseAsync(Member member, string? token, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(token, OpaqueToken.Device))
        {
            return false;
        }

        var hash = RememberedDevice.HashOf(token!, member);
        var device = await db.RememberedDevices.SingleOrDefaultAsync(d => d.TokenHash == hash && d.MemberId == member.Id, cancellationToken);
        return device?.TryUse(clock.GetUtcNow()) is true;
    }

    /// <summary>Forgets all devices of a member.</summary>
    public Task ForgetAllAsync(Guid memberId, CancellationToken cancellationToken) =>
        db.RememberedDevices.Where(d => d.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
}
