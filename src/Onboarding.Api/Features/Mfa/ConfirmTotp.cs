using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <param name="Code">The six digits that the app shows.</param>
public sealed record ConfirmTotpRequest([property: Required, StringLength(32)] string Code);

/// <param name="RecoveryCodes">Ten codes for whoever loses the app; each works once, and they are never shown again.</param>
public sealed record RecoveryCodesResponse(IReadOnlyList<string> RecoveryCodes)
{
    internal static readonly RecoveryCodesResponse Example = new(
        ["4QJ7X-0N2KD", "8WZ1M-T5RCA", "Y3H9E-6PBVG", "K0D4S-1XFQW", "R7N2J-M8ZTY", "2CVA5-HE93P", "BG6K1-W4DQX", "T9M3R-0YSJ7", "E5Z8F-N1HCK", "P2X6V-7QAGB"]);
}

/// <summary>The member shows a first code, and the app counts from then on: the next sign-in asks for one.</summary>
/// <remarks>
/// This session has now shown both factors, which its tokens say from the next refresh on. The member's other sessions
/// were begun with less and end. The code counts as used (SEC-27).
/// </remarks>
internal sealed class ConfirmTotp(TenantDbContext db, SecondFactors factors, TotpSeeds seeds, SessionEnding ending, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder mfa) => mfa
        .MapPost("/totp/confirm", (ConfirmTotpRequest request, ConfirmTotp useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .WithSummary("Confirm an authenticator app")
        .WithExample(new ConfirmTotpRequest("287082"), RecoveryCodesResponse.Example)
        .WithErrors(("mfa.invalid", 400), ("mfa.already_enabled", 409), ("mfa.not_set_up", 409));

    public async Task<Results<Ok<RecoveryCodesResponse>, ProblemHttpResult>> HandleAsync(ConfirmTotpRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Session> ended = [];
        var result = await db.InTransactionAsync<Results<Ok<RecoveryCodesResponse>, ProblemHttpResult>>(
            async () =>
            {
                var now = clock.GetUtcNow();
                var member = (await db.LockMemberAsync(actor.MemberId, cancellationToken))!;
                var totp = await db.Totp.SingleOrDefaultAsync(t => t.MemberId == member.Id, cancellationToken);
                if (totp is not { ConfirmedAt: null })
                {
                    return totp is null ? Problems.Conflict("mfa.not_set_up", "Set the app up first.") : SetUpTotp.AlreadyEnabled();
                }

                var session = await db.Sessions.SingleAsync(s => s.Id == actor.SessionId, cancellationToken);
                if (ChangingFactors.NotShown(member, session) is { } refusal)
                {
                    return refusal;
                }

                if (seeds.StepOf(request.Code.Replace(" ", "", StringComparison.Ordinal), totp, db.Organization!, now) is not { } step || !totp.TryTake(step))
                {
                    return Problems.BadRequest("mfa.invalid", "This is not the code that the app shows now.");
                }

                totp.Confirm(now);
                db.Record(member.AddSecondFactor(MfaChange.TotpEnabled, now), actor.ToActor());
                var codes = await factors.RenewRecoveryCodesAsync(member.Id, cancellationToken);
                session.Raise(AuthenticationMethods.OneTimePassword);
                ended = await ending.EndOthersAsync(session.MemberId, session.Id, "mfa_changed", cancellationToken);
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Ok(new RecoveryCodesResponse(codes));
            },
            cancellationToken);
        await ending.RevokeAsync(ended, cancellationToken);
        return result;
    }
}
