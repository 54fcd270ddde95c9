using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Mfa;

/// <summary>The member takes the authenticator app off; without another factor, recovery codes and remembered devices go with it. The other sessions end.</summary>
/// <remarks>Not while the organization requires a factor and this is the only one: the member's session would lose its worth at once.</remarks>
internal sealed class DisableTotp(TenantDbContext db, ChangingFactors changing, SecondFactors factors, SessionEnding ending, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder mfa) => mfa
        .MapDelete("/totp", (DisableTotp useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Take the authenticator app off")
        .WithErrors(("mfa.not_enabled", 409), ("mfa.required", 409));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken)
    {
        var problem = await changing.RunAsync(
            async (member, session) =>
            {
                var totp = await db.Totp.AsNoTracking().SingleOrDefaultAsync(t => t.MemberId == member.Id, cancellationToken);
                if (totp is not { ConfirmedAt: not null })
                {
                    // One that was never confirmed is no factor yet; it may go, and nothing else changes.
                    await factors.RemoveTotpAsync(member.Id, hasAnother: true, cancellationToken);
                    return (totp is null ? ChangingFactors.NotEnabled() : null, []);
                }

                var hasAnother = await factors.HasPasskeyAsync(member.Id, cancellationToken);
                if (!hasAnother && db.Organization!.Settings.RequiresMfa(clock.GetUtcNow()))
                {
                    return (Problems.Conflict("mfa.required", "Your organization requires a second factor, and this is your only one."), []);
                }

                await factors.RemoveTotpAsync(member.Id, hasAnother, cancellationToken);
                db.Record(member.RemoveSecondFactor(MfaChange.TotpDisabled, hasAnother, clock.GetUtcNow()), actor.ToActor());
                if (!hasAnother)
                {
                    session.Lower();
                }

                return (null, await ending.EndOthersAsync(session.MemberId, session.Id, "mfa_changed", cancellationToken));
            },
            cancellationToken);
        return problem is not null ? problem : TypedResults.NoContent();
    }
}
