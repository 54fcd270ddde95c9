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
        .WithExample(new ChangeMeRequest("Ada King"), MeResponse.Example)
        .WithErrors(("member.changed", 409));

    public async Task<Results<Ok<MeResponse>, ProblemHttpResult>> HandleAsync(ChangeMeRequest request, CancellationToken cancellationToken)
    {
        var id = actor.MemberId;
        var member = await db.Members.SingleOrDefaultAsync(m => m.Id == id, cancellationToken);
        if (member?.Rename(request.FullName.Trim(), clock.GetUtcNow()) is { } changed)
        {
            db.Record(changed, actor.ToActor());
            try
            {
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateConcurrencyException)
            {
                return Problems.Conflict("member.changed", "The account was changed at the same moment. Look again.");
            }
        }

        return await me.HandleAsync(cancellationToken);
    }
}
