using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Registration;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Account;

/// <param name="Email">The address to have from now on; the code goes there.</param>
public sealed record ChangeEmailRequest(
    [property: Required, StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string Email);

/// <summary>The signed-in member wants another address; nothing changes before a code has proven it (SEC-30).</summary>
/// <remarks>
/// Whether the address is somebody's is not even looked up: the code goes out all the same, and only whoever reads it
/// learns more (SEC-12). The earlier code dies in the transaction that changes what it would have proven, so that no
/// code proves an address that it was not sent to.
/// </remarks>
internal sealed class ChangeEmail(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder me) => me
        .MapPost("/email", (ChangeEmailRequest request, ChangeEmail useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .RequireFreshSignIn()
        .Throttled<ChangeEmailRequest>("change-email", limits => limits.ChangeEmail, request => request.Email)
        .WithSummary("Change the signed-in member's address")
        .WithExample(new ChangeEmailRequest("ada@example.org"), Register.Answer.Value);

    public async Task<Results<Accepted<RegistrationResponse>, ProblemHttpResult>> HandleAsync(ChangeEmailRequest request, CancellationToken cancellationToken) =>
        await db.InTransactionAsync(() => RequestAsync(request.Email, cancellationToken), cancellationToken)
            ? Register.Answer
            : Problems.Unauthorized("token.invalid", "This account is gone.");

    private async Task<bool> RequestAsync(string email, CancellationToken cancellationToken)
    {
        var (id, now) = (actor.MemberId, clock.GetUtcNow());
        if (await db.LockMemberAsync(id, cancellationToken) is not { } member || member.RequestEmail(email, now) is not { } requested)
        {
            return false;
        }

        await db.OneTimeCodes.Where(c => c.MemberId == id && c.Purpose == CodePurpose.ChangeEmail && c.ClosedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.ClosedAt, now), cancellationToken);
        db.Record(requested, actor.ToActor());
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }
}
