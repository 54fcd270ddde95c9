using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Passkeys;

/// <param name="PasskeyToken">The one of <c>POST /login/passkey/options</c>.</param>
/// <param name="Credential">What <c>navigator.credentials.get</c> gave, by its <c>toJSON()</c>.</param>
public sealed record PasskeyLoginRequest([property: Required, StringLength(256)] string PasskeyToken, [property: Required, MinLength(1)] IReadOnlyDictionary<string, JsonElement> Credential);

/// <summary>Signs a member in by a passkey alone, which is two factors. Every failure is <c>login.invalid</c> and one audit line (SEC-12).</summary>
/// <remarks>
/// The one challenge is used up by any answer to it, good or bad. A wrong answer is not counted against the member:
/// nobody guesses a signature, and whoever knows no more than a credential id could lock somebody out (SEC-20). Nor does
/// a right one start the counter of second factors again, for whoever guesses there. Only active members get in, as by
/// password (SEC-33).
/// </remarks>
internal sealed class PasskeyLogin(
    TenantDbContext db, SecondFactors factors, PasskeyCeremonies ceremonies, SessionStarting sessions, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login/passkey", (PasskeyLoginRequest request, PasskeyLogin useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<PasskeyLoginRequest>("login-passkey", limits => limits.Login)
        .ReachableWhileSuspended()
        .WithSummary("Sign in by a passkey")
        .WithExample(new PasskeyLoginRequest("pk_3q2-7wAB...", CredentialExample.Asserted), TokenResponse.Example)
        .WithErrors(("login.invalid", 401));

    public Task<Results<Ok<TokenResponse>, ProblemHttpResult>> HandleAsync(PasskeyLoginRequest request, CancellationToken cancellationToken) =>
        db.InTransactionAsync<Results<Ok<TokenResponse>, ProblemHttpResult>>(
            async () =>
            {
                var now = clock.GetUtcNow();
                var member = await FindAsync(request.Credential, cancellationToken);
                var challenge = OpaqueToken.IsWellFormed(request.PasskeyToken, OpaqueToken.Passkey)
                    ? await factors.LockChallengeAsync(request.PasskeyToken, ChallengeKind.PasskeySignIn, cancellationToken)
                    : null;
                var allowed = db.Organization!.Settings.SignInMethods.Contains(SignInMethod.Passkey);
                TokenResponse? pair = null;
                var shutOut = false;
                if (challenge?.TryUse(now) is true && allowed && member is { Status: MemberStatus.Active }
                    && await ceremonies.TryTakeAsync(member, request.Credential, challenge.TakeState(), cancellationToken))
                {
                    shutOut = !db.Organization!.Admits(member.Role);
                    pair = shutOut ? null : sessions.Start(member, AuthenticationMethods.HardwareKey, AuthenticationMethods.MultiFactor).Pair;
                }
                else
                {
                    db.Audit("sign_in.failed", actor.ToActor(), member?.Id, note: "passkey", now);
                }

                await db.SaveChangesAsync(cancellationToken);
                return pair is not null ? TypedResults.Ok(pair)
                    : shutOut ? Suspension.Refusal()
                    : Problems.Unauthorized("login.invalid", allowed ? "This passkey does not sign anybody in." : Login.TurnedOff);
            },
            cancellationToken);

    private async Task<Member?> FindAsync(IReadOnlyDictionary<string, JsonElement> credential, CancellationToken cancellationToken)
    {
        if (PasskeyCeremonies.IdOf(credential) is not { } credentialId)
        {
            return null;
        }

        var memberId = await db.Passkeys.Where(p => p.CredentialId == credentialId).Select(p => (Guid?)p.UserId).SingleOrDefaultAsync(cancellationToken);
        return memberId is { } id ? await db.LockMemberAsync(id, cancellationToken) : null;
    }
}
