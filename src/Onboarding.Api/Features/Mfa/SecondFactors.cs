using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <summary>What may be shown after a right password.</summary>
public enum SecondFactor
{
    /// <summary>Six digits of an authenticator app.</summary>
    Totp,

    /// <summary>One of the ten that were given out with the first factor.</summary>
    RecoveryCode,

    /// <summary>A passkey, at <c>POST /login/mfa/passkey</c>; the others are codes for <c>POST /login/mfa</c>.</summary>
    Passkey,
}

/// <summary>The second factors of one member: what they are, whether a code is one, and how all of them go.</summary>
/// <remarks>
/// Every change and every try holds the member's row (<see cref="MemberLock"/>), and takes it before any other: tries are
/// counted one by one across all kinds (SEC-29), no code is taken twice, and nobody waits for anybody in a circle.
/// </remarks>
internal sealed class SecondFactors(TenantDbContext db, TotpSeeds seeds, SecretHasher hasher, TimeProvider clock)
{
    /// <summary>The unfinished ceremony that a token belongs to, whose row is held until the transaction ends; null when there is none of the kind.</summary>
    public async Task<SignInChallenge?> LockChallengeAsync(string token, ChallengeKind kind, CancellationToken cancellationToken)
    {
        var hash = SecretHasher.HashToken(token);
        var found = await db.SignInChallenges.FromSql($"SELECT * FROM sign_in_challenges WHERE token_hash = {hash} FOR UPDATE").ToListAsync(cancellationToken);
        return found.SingleOrDefault(challenge => challenge.Kind == kind);
    }

    /// <summary>What stands between a right password and a session: to be answered by one of the member's factors. The caller saves.</summary>
    public async Task<MfaChallengeResponse> ChallengeAsync(Member member, RequestActor actor, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (challenge, token) = SignInChallenge.Begin(ChallengeKind.SecondFactor, member.Id, state: null, now);
        db.SignInChallenges.Add(challenge);
        db.Audit("sign_in.mfa_required", actor.ToActor(), member.Id, note: null, now);
        return new(MfaRequired: true, token, await MethodsAsync(member.Id, cancellationToken));
    }

    private async Task<IReadOnlyList<SecondFactor>> MethodsAsync(Guid memberId, CancellationToken cancellationToken)
    {
        var methods = new List<SecondFactor>();
        if (await HasTotpAsync(memberId, cancellationToken))
        {
            methods.Add(SecondFactor.Totp);
        }

        if (await HasPasskeyAsync(memberId, cancellationToken))
        {
            methods.Add(SecondFactor.Passkey);
        }

        return [.. methods, SecondFactor.RecoveryCode];
    }

    /// <summary>Uses a code up. False when it is none of this member's, or no longer. The caller holds the row, and saves.</summary>
    public async Task<bool> TryTakeAsync(Member member, string typed, CancellationToken cancellationToken)
    {
        var digits = typed.Replace(" ", "", StringComparison.Ordinal);
        return digits.Length == 6 ? await TryTakeTotpAsync(member, digits, cancellationToken)
            : RecoveryCode.Normalize(typed) is { } code && await TryTakeRecoveryCodeAsync(member, code, cancellationToken);
    }

    /// <summary>Ten new codes in place of the old ones, and their texts. The caller holds the row, and saves.</summary>
    public async Task<IReadOnlyList<string>> RenewRecoveryCodesAsync(Guid memberId, CancellationToken cancellationToken)
    {
        await db.RecoveryCodes.Where(c => c.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
        var codes = Enumerable.Range(0, RecoveryCode.Count).Select(_ => RecoveryCode.Create(memberId, hasher, clock.GetUtcNow())).ToList();
        db.RecoveryCodes.AddRange(codes.Select(c => c.Code));
        return [.. codes.Select(c => c.Text)];
    }

    /// <summary>Whether the member has confirmed an authenticator app.</summary>
    public Task<bool> HasTotpAsync(Guid memberId, CancellationToken cancellationToken) =>
        db.Totp.AnyAsync(t => t.MemberId == memberId && t.ConfirmedAt != null, cancellationToken);

    /// <summary>Whether the member has a factor that is no authenticator app.</summary>
    public Task<bool> HasPasskeyAsync(Guid memberId, CancellationToken cancellationToken) =>
        db.Passkeys.AnyAsync(p => p.UserId == memberId, cancellationToken);

    /// <summary>Deletes every factor of a member and what belongs to them. The caller holds the row.</summary>
    public async Task RemoveAllAsync(Guid memberId, CancellationToken cancellationToken)
    {
        await db.Passkeys.Where(p => p.UserId == memberId).ExecuteDeleteAsync(cancellationToken);
        await RemoveTotpAsync(memberId, hasAnother: false, cancellationToken);
    }

    /// <summary>Deletes the authenticator app; with the last factor go the recovery codes, the remembered devices and what waits for a code. The caller holds the row.</summary>
    public async Task RemoveTotpAsync(Guid memberId, bool hasAnother, CancellationToken cancellationToken)
    {
        await db.Totp.Where(t => t.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
        if (!hasAnother)
        {
            await db.RecoveryCodes.Where(c => c.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
            await db.RememberedDevices.Where(d => d.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
            await db.SignInChallenges.Where(c => c.MemberId == memberId).ExecuteDeleteAsync(cancellationToken);
        }
    }

    private async Task<bool> TryTakeTotpAsync(Member member, string digits, CancellationToken cancellationToken)
    {
        var totp = await db.Totp.SingleOrDefaultAsync(t => t.MemberId == member.Id && t.ConfirmedAt != null, cancellationToken);
        return totp is not null
            && seeds.StepOf(digits, totp, db.Organization!, clock.GetUtcNow()) is { } step
            && totp.TryTake(step);
    }

    private async Task<bool> TryTakeRecoveryCodeAsync(Member member, string code, CancellationToken cancellationToken)
    {
        var hash = hasher.HashRecoveryCode(member.Id, code);
        var found = await db.RecoveryCodes.SingleOrDefaultAsync(c => c.MemberId == member.Id && c.Hash == hash, cancellationToken);
        return found?.TryUse(clock.GetUtcNow()) is true;
    }
}
