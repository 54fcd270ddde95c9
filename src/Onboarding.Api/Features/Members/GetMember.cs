using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <summary>One member of the organization; one of another looks exactly like none (SEC-3).</summary>
internal sealed class GetMember(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapGet("/{id:guid}", (Guid id, GetMember useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ReadMembers)
        .WithSummary("Get a member")
        .WithExample(response: MemberResponse.Example)
        .WithErrors(("member.not_found", 404));

    public async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await db.Members.AsNoTracking().Where(m => m.Id == id).Select(MemberResponse.From).SingleOrDefaultAsync(cancellationToken) is { } member
            ? TypedResults.Ok(member)
            : NotFound();

    public static ProblemHttpResult NotFound() => Problems.NotFound("member.not_found", "There is no such member in this organization.");
}
