using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.SignIn;

/// <param name="FullName">As mails and lists show the person.</param>
public sealed record ChangeMeRequest(
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string FullName);

/// <summary>The signed-in member changes the own profile. Role, status and address are not part of it (SEC-36).</summary>
internal sealed class ChangeMe(TenantDbContext db, GetMe me, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPatch("", (ChangeMeRequest request, ChangeMe useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .ReachableWithoutMfa()
        .WithSummary("Change the signed-in member's profile")
        .WithExample(new ChangeMeRequest("Ada King"), MeResponse.Example);

    // The row is locked before it is read: of two names given at once both are recorded, and the later one stays.
    public Task<Results<Ok<MeResponse>, ProblemHttpResult>> HandleAsync(ChangeMeRequest request, CancellationToken cancellationToken) => db.InTransactionAsync(
        async () =>
        {
            var member = (await db.Members.FromSql($"SELECT *, xmin FROM members WHERE id = {actor.MemberId} FOR NO KEY UPDATE").ToListAsync(cancellationToken)).SingleOrDefault();
            if (member?.Rename(request.FullName.Trim(), clock.GetUtcNow()) is { } changed)
            {
                db.Record(changed, actor.ToActor());
                await db.SaveChangesAsync(cancellationToken);
            }

            return await me.HandleAsync(cancellationToken);
        },
        cancellationToken);
}
