using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Mfa;

/// <summary>Ten new recovery codes, shown this once; the old ones are void.</summary>
internal sealed class RenewRecoveryCodes(TenantDbContext db, ChangingFactors changing, SecondFactors factors, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder mfa) => mfa
        .MapPost("/recovery-codes", (RenewRecoveryCodes useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Get new recovery codes")
        .WithExample(response: RecoveryCodesResponse.Example)
        .WithErrors(("mfa.not_enabled", 409));

    public async Task<Results<Ok<RecoveryCodesResponse>, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> codes = [];
        var problem = await changing.RunAsync(
            async (member, _) =>
            {
                if (!member.TwoFactorEnabled)
                {
                    return (ChangingFactors.NotEnabled(), []);
                }

                codes = await factors.RenewRecoveryCodesAsync(member.Id, cancellationToken);
                db.Record(new MemberMfaChanged(member.Id, MfaChange.RecoveryCodesRenewed, clock.GetUtcNow()), actor.ToActor());
                return (null, []);
            },
            cancellationToken);
        return problem is not null ? problem : TypedResults.Ok(new RecoveryCodesResponse(codes));
    }
}
