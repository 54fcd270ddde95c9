using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <summary>How a sign-in whose password was right goes on: with the member's row held, whichever factor is shown.</summary>
/// <remarks>
/// All tries of one member run one after the other (<see cref="SecondFactors"/>), so that of many right ones at once one
/// starts a session (SEC-29). A wrong one leaves the challenge open; the member's counter allows five of them in a row.
/// A sign-in that went well closes what else was begun, so that nobody guesses on against a counter that starts again.
/// </remarks>
internal sealed class FinishingLogin(
    TenantDbContext db, SecondFactors factors, SessionStarting sessions, RememberedDevices devices, RequestActor actor, TimeProvider clock)
{
    /// <param name="mfaToken">What the password was answered with.</param>
    /// <param name="tryTake">Judges what is shown; answers which of <see cref="AuthenticationMethods"/> it is, or null when it is wrong.</param>
    public Task<Results<Ok<TokenResponse>, ProblemHttpResult>> RunAsync(
        string mfaToken, bool rememberDevice, Func<Member, SignInChallenge, Task<string?>> tryTake, CancellationToken cancellationToken) =>
        WithOpenAsync<TokenResponse>(
            mfaToken,
            async (member, challenge, now) => await tryTake(member, challenge) is { } method
                ? TypedResults.Ok(await SignInAsync(member, challenge, method, rememberDevice, now, cancellationToken))
                : await CountAsync(member, now, cancellationToken),
            cancellationToken);

    /// <summary>Runs a step of a sign-in that is open and does not have to wait, with its rows held.</summary>
    public async Task<Results<Ok<T>, ProblemHttpResult>> WithOpenAsync<T>(
        string mfaToken, Func<Member, SignInChallenge, DateTimeOffset, Task<Results<Ok<T>, ProblemHttpResult>>> step, CancellationToken cancellationToken) =>
        OpaqueToken.IsWellFormed(mfaToken, OpaqueToken.Mfa)
            ? await db.InTransactionAsync(() => StepAsync(mfaToken, step, cancellationToken), cancellationToken)
            : TokenInvalid();

    private async Task<Results<Ok<T>, ProblemHttpResult>> StepAsync<T>(
        string mfaToken, Func<Member, SignInChallenge, DateTimeOffset, Task<Results<Ok<T>, ProblemHttpResult>>> step, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var hash = SecretHasher.HashToken(mfaToken);
        var memberId = await db.SignInChallenges
            .Where(c => c.TokenHash == hash && c.Kind == ChallengeKind.SecondFactor).Select(c => c.MemberId).SingleOrDefaultAsync(cancellationToken);
        var member = memberId is { } id ? await db.LockMemberAsync(id, cancellationToken) : null;
        var challenge = await factors.LockChallengeAsync(mfaToken, ChallengeKind.SecondFactor, cancellationToken);
        if (member is not { Status: MemberStatus.Active, TwoFactorEnabled: true } || challenge?.IsOpen(now) is not true)
        {
            return TokenInvalid();
        }

        return !db.Organization!.Admits(member.Role) ? Suspension.Refusal()
            : member.SecondFactorsRefusedUntil(now) is { } until
            ? Problems.TooManyRequests("mfa.locked", "Too many wrong codes. Wait before the next one.", until - now)
            : await step(member, challenge, now);
    }

    private async Task<TokenResponse> SignInAsync(
        Member member, SignInChallenge challenge, string method, bool rememberDevice, DateTimeOffset now, CancellationToken cancellationToken)
    {
        challenge.TryUse(now);
        member.AcceptSecondFactor();
        await db.SignInChallenges
            .Where(c => c.MemberId == member.Id && c.Kind == ChallengeKind.SecondFactor && c.Id != challenge.Id && c.UsedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.UsedAt, now), cancellationToken);

        var (session, pair) = sessions.Start(member, AuthenticationMethods.Password, method, AuthenticationMethods.MultiFactor);
        if (rememberDevice)
        {
            pair = pair with { DeviceToken = devices.Remember(member, session) };
        }

        await db.SaveChangesAsync(cancellationToken);
        return pair;
    }

    private async Task<ProblemHttpResult> CountAsync(Member member, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var locked = member.CountSecondFactorFailure(now);
        db.Audit("sign_in.mfa_failed", actor.ToActor(), member.Id, note: null, now);
        if (locked)
        {
            db.Audit("sign_in.mfa_locked", actor.ToActor(), member.Id, note: null, now);
        }

        await db.SaveChangesAsync(cancellationToken);
        return Problems.Unauthorized("mfa.invalid", "The second factor is wrong or was used before.");
    }

    private static ProblemHttpResult TokenInvalid() => Problems.Unauthorized("mfa_token.invalid", "This sign-in was finished or has expired. Start again with the password.");
}
