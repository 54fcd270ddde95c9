using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <param name="MfaToken">What <c>POST /login</c> answered; good for five minutes, and for one sign-in.</param>
/// <param name="Methods">What may be shown now.</param>
public sealed record MfaChallengeResponse(bool MfaRequired, string MfaToken, IReadOnlyList<SecondFactor> Methods)
{
    internal static readonly MfaChallengeResponse Example = new(true, "mf_3q2-7wAB...", [SecondFactor.Totp, SecondFactor.RecoveryCode]);
}

/// <param name="MfaToken">The one of <c>POST /login</c>.</param>
/// <param name="Code">Six digits of the authenticator app, or a recovery code.</param>
/// <param name="RememberDevice">Answers a <c>device_token</c>, with which this device signs in without a second factor for 30 days.</param>
public sealed record FinishLoginRequest(
    [property: Required, StringLength(256)] string MfaToken,
    [property: Required, StringLength(32)] string Code,
    bool RememberDevice = false);

/// <summary>The second half of a sign-in: the member, whose password was right, shows a second factor.</summary>
/// <remarks>
/// All tries of one member run one after the other (<see cref="SecondFactors"/>), so that of many right ones at once one
/// starts a session (SEC-29). A wrong code leaves the challenge open; the member's counter allows five of them in a row.
/// A sign-in that went well closes what else was begun, so that nobody guesses on against a counter that starts again.
/// </remarks>
internal sealed class FinishLogin(
    TenantDbContext db, SecondFactors factors, SessionStarting sessions, RememberedDevices devices, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login/mfa", (FinishLoginRequest request, FinishLogin useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<FinishLoginRequest>("login-mfa", limits => limits.LoginMfa)
        .WithSummary("Finish signing in with a second factor")
        .WithExample(new FinishLoginRequest("mf_3q2-7wAB...", "287082"), TokenResponse.Example)
        .WithErrors(("mfa.invalid", 401), ("mfa_token.invalid", 401), ("mfa.locked", 429));

    public async Task<Results<Ok<TokenResponse>, ProblemHttpResult>> HandleAsync(FinishLoginRequest request, CancellationToken cancellationToken) =>
        OpaqueToken.IsWellFormed(request.MfaToken, OpaqueToken.Mfa)
            ? await db.InTransactionAsync(() => FinishAsync(SecretHasher.HashToken(request.MfaToken), request, cancellationToken), cancellationToken)
            : TokenInvalid();

    private async Task<Results<Ok<TokenResponse>, ProblemHttpResult>> FinishAsync(byte[] hash, FinishLoginRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var memberId = await db.SignInChallenges
            .Where(c => c.TokenHash == hash && c.Kind == ChallengeKind.SecondFactor).Select(c => c.MemberId).SingleOrDefaultAsync(cancellationToken);
        var member = memberId is { } id ? await factors.LockAsync(id, cancellationToken) : null;
        var challenge = (await db.SignInChallenges
            .FromSql($"SELECT * FROM sign_in_challenges WHERE token_hash = {hash} FOR UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
        if (member is not { Status: MemberStatus.Active, TwoFactorEnabled: true } || challenge?.IsOpen(now) is not true)
        {
            return TokenInvalid();
        }

        if (member.SecondFactorsRefusedUntil(now) is { } until)
        {
            return Problems.TooManyRequests("mfa.locked", "Too many wrong codes. Wait before the next one.", until - now);
        }

        return await factors.TryTakeAsync(member, request.Code, cancellationToken)
            ? TypedResults.Ok(await SignInAsync(member, challenge, request, now, cancellationToken))
            : await CountAsync(member, now, cancellationToken);
    }

    private async Task<TokenResponse> SignInAsync(Member member, SignInChallenge challenge, FinishLoginRequest request, DateTimeOffset now, CancellationToken cancellationToken)
    {
        challenge.TryUse(now);
        member.AcceptSecondFactor();
        await db.SignInChallenges
            .Where(c => c.MemberId == member.Id && c.Kind == ChallengeKind.SecondFactor && c.Id != challenge.Id && c.UsedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.UsedAt, now), cancellationToken);

        var (session, pair) = sessions.Start(member, AuthenticationMethods.Password, AuthenticationMethods.OneTimePassword, AuthenticationMethods.MultiFactor);
        if (RecoveryCode.Normalize(request.Code) is not null)
        {
            db.Record(new MemberMfaChanged(member.Id, MfaChange.RecoveryCodeUsed, now), By(member));
        }

        if (request.RememberDevice)
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
        return Problems.Unauthorized("mfa.invalid", "The code is wrong or was used before.");
    }

    private Actor By(Member member) => actor.ToActor() with { Kind = ActorKind.Member, Id = member.Id };

    private static ProblemHttpResult TokenInvalid() => Problems.Unauthorized("mfa_token.invalid", "This sign-in was finished or has expired. Start again with the password.");
}
