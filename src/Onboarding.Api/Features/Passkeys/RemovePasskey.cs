using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Passkeys;

/// <summary>The member removes a passkey; with the last factor go recovery codes and remembered devices. The other sessions end.</summary>
/// <remarks>Not while it is the only way to sign in, or the only factor where the organization requires one.</remarks>
internal sealed class RemovePasskey(TenantDbContext db, ChangingFactors changing, SecondFactors factors, SessionEnding ending, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder passkeys) => passkeys
        .MapDelete("/{id}", (string id, RemovePasskey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireFreshSignIn()
        .WithSummary("Remove a passkey")
        .WithErrors(("passkey.not_found", 404), ("mfa.required", 409), ("sign_in_method.needed", 409));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(string id, CancellationToken cancellationToken)
    {
        if (PasskeyCeremonies.IdOf(id) is not { } credentialId)
        {
            return RenamePasskey.NotFound();
        }

        var problem = await changing.RunAsync((member, session) => RemoveAsync(member, session, credentialId, cancellationToken), cancellationToken);
        return problem is not null ? problem : TypedResults.NoContent();
    }

    private async Task<(ProblemHttpResult? Problem, IReadOnlyCollection<Session> Ended)> RemoveAsync(
        Member member, Session session, byte[] credentialId, CancellationToken cancellationToken)
    {
        var passkeys = await db.Passkeys.Where(p => p.UserId == member.Id).ToListAsync(cancellationToken);
        if (passkeys.Find(p => p.CredentialId.AsSpan().SequenceEqual(credentialId)) is not { } passkey)
        {
            return (RenamePasskey.NotFound(), []);
        }

        var settings = db.Organization!.Settings;
        if (passkeys.Count == 1 && !settings.TakesPasswords)
        {
            return (Problems.Conflict("sign_in_method.needed", "Your organization lets its members sign in by passkey only, and this is your last one."), []);
        }

        var hasAnother = passkeys.Count > 1 || await factors.HasTotpAsync(member.Id, cancellationToken);
        if (!hasAnother && settings.RequiresMfa(clock.GetUtcNow()))
        {
            return (Problems.Conflict("mfa.required", "Your organization requires a second factor, and this is your only one."), []);
        }

        db.Passkeys.Remove(passkey);
        db.Record(member.RemoveSecondFactor(MfaChange.PasskeyRemoved, hasAnother, clock.GetUtcNow()), actor.ToActor());
        if (!hasAnother)
        {
            // An app that was never confirmed goes too; it is no factor.
            await factors.RemoveTotpAsync(member.Id, hasAnother: false, cancellationToken);
            session.Lower();
        }

        return (null, await ending.EndOthersAsync(member.Id, session.Id, "mfa_changed", cancellationToken));
    }
}
