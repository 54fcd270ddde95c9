using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Passkeys;

/// <summary>Somebody is about to sign in by a passkey: what the browser has to be asked for. It names nobody (SEC-12).</summary>
internal sealed class BeginPasskeyLogin(TenantDbContext db, PasskeyCeremonies ceremonies, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login/passkey/options", (BeginPasskeyLogin useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .Throttled("login-passkey-options", limits => limits.Login)
        .ReachableWhileSuspended()
        .WithSummary("Begin to sign in by a passkey")
        .WithExample(response: PasskeyOptionsResponse.RequestExample)
        .WithErrors(("login.invalid", 401));

    public async Task<Results<Ok<PasskeyOptionsResponse>, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken)
    {
        if (!db.Organization!.Settings.SignInMethods.Contains(SignInMethod.Passkey))
        {
            return Problems.Unauthorized("login.invalid", SignIn.Login.TurnedOff);
        }

        var asked = await ceremonies.AskForExistingAsync(member: null);
        var (challenge, token) = SignInChallenge.Begin(ChallengeKind.PasskeySignIn, memberId: null, asked.State, clock.GetUtcNow());
        db.SignInChallenges.Add(challenge);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new PasskeyOptionsResponse(token, asked.Options));
    }
}
