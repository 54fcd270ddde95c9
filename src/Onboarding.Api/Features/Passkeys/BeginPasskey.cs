using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Passkeys;

/// <summary>The signed-in member is about to add a passkey: what the browser has to be asked for. What was asked before is void.</summary>
internal sealed class BeginPasskey(TenantDbContext db, PasskeyCeremonies ceremonies, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder passkeys) => passkeys
        .MapPost("/options", (BeginPasskey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .RequireFreshSignIn()
        .WithSummary("Begin to add a passkey")
        .WithExample(response: PasskeyOptionsResponse.CreationExample)
        .WithErrors(("passkey.too_many", 409));

    public Task<Results<Ok<PasskeyOptionsResponse>, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken) => db.InTransactionAsync(
        async () =>
        {
            var member = (await db.LockMemberAsync(actor.MemberId, cancellationToken))!;
            if (await db.Passkeys.CountAsync(p => p.UserId == member.Id, cancellationToken) >= AddPasskey.MaxPasskeys)
            {
                return (Results<Ok<PasskeyOptionsResponse>, ProblemHttpResult>)AddPasskey.TooMany();
            }

            await db.SignInChallenges.Where(c => c.MemberId == member.Id && c.Kind == ChallengeKind.PasskeyRegistration).ExecuteDeleteAsync(cancellationToken);
            var asked = await ceremonies.AskForNewAsync(member);
            var (challenge, token) = SignInChallenge.Begin(ChallengeKind.PasskeyRegistration, member.Id, asked.State, clock.GetUtcNow());
            db.SignInChallenges.Add(challenge);
            await db.SaveChangesAsync(cancellationToken);
            return TypedResults.Ok(new PasskeyOptionsResponse(token, asked.Options));
        },
        cancellationToken);
}
