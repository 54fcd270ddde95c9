using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <summary>How a member's change of factors that exist runs: with the row held, by a session that has shown one of them.</summary>
internal sealed class ChangingFactors(TenantDbContext db, SessionEnding ending, RequestActor actor)
{
    /// <param name="change">Changes what it has to and records it; a problem leaves everything as it was. Ends sessions where it names some.</param>
    public async Task<ProblemHttpResult?> RunAsync(
        Func<Member, Session, Task<(ProblemHttpResult? Problem, IReadOnlyCollection<Session> Ended)>> change, CancellationToken cancellationToken)
    {
        var (problem, ended) = await db.InTransactionAsync(
            async () =>
            {
                var member = (await db.LockMemberAsync(actor.MemberId, cancellationToken))!;
                var session = await db.Sessions.SingleAsync(s => s.Id == actor.SessionId, cancellationToken);

                // Whoever has the password and a remembered device has not shown that the factors are theirs (SEC-30).
                if (NotShown(member, session) is { } refusal)
                {
                    return (refusal, []);
                }

                var outcome = await change(member, session);
                if (outcome.Problem is null)
                {
                    await db.SaveChangesAsync(cancellationToken);
                }

                return outcome;
            },
            cancellationToken);
        await ending.RevokeAsync(ended, cancellationToken);
        return problem;
    }

    /// <summary>403 where the member has a factor and this session has shown none of them; null when it may change them.</summary>
    public static ProblemHttpResult? NotShown(Member member, Session session) => member.TwoFactorEnabled && !session.ShowedSecondFactor
        ? Problems.Forbidden("reauthentication.required", "Sign in again with your second factor first, and without a remembered device.")
        : null;

    public static ProblemHttpResult NotEnabled() => Problems.Conflict("mfa.not_enabled", "You have set up no second factor.");
}
