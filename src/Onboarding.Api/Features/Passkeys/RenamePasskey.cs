using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Passkeys;

/// <param name="Name">By which the member knows it again.</param>
public sealed record RenamePasskeyRequest(
    [property: Required, StringLength(RenamePasskeyRequest.MaxName, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string Name)
{
    internal const int MaxName = 64;
}

/// <summary>Gives one of the signed-in member's passkeys another name; nothing else changes, so no fresh sign-in is needed.</summary>
internal sealed class RenamePasskey(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder passkeys) => passkeys
        .MapPatch("/{id}", (string id, RenamePasskeyRequest request, RenamePasskey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, request, cancellationToken))
        .WithSummary("Rename a passkey")
        .WithExample(new RenamePasskeyRequest("Laptop"), PasskeyResponse.Example)
        .WithErrors(("passkey.not_found", 404));

    public async Task<Results<Ok<PasskeyResponse>, ProblemHttpResult>> HandleAsync(string id, RenamePasskeyRequest request, CancellationToken cancellationToken) =>
        PasskeyCeremonies.IdOf(id) is { } credentialId
            ? await db.InTransactionAsync(() => RenameAsync(credentialId, request.Name.Trim(), cancellationToken), cancellationToken)
            : NotFound();

    public static ProblemHttpResult NotFound() => Problems.NotFound("passkey.not_found", "You have no such passkey.");

    private async Task<Results<Ok<PasskeyResponse>, ProblemHttpResult>> RenameAsync(byte[] credentialId, string name, CancellationToken cancellationToken)
    {
        var member = (await db.LockMemberAsync(actor.MemberId, cancellationToken))!;
        var passkey = await db.Passkeys.SingleOrDefaultAsync(p => p.CredentialId == credentialId && p.UserId == member.Id, cancellationToken);
        if (passkey is null)
        {
            return NotFound();
        }

        passkey.Data.Name = name;
        db.Audit("member.passkey_renamed", actor.ToActor(), member.Id, note: null, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(PasskeyResponse.Of(passkey));
    }
}
