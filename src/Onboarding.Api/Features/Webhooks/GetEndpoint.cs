using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>One endpoint.</summary>
internal sealed class GetEndpoint(TenantDbContext db, ChangingEndpoints changing)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/endpoints/{id:guid}", (Guid id, GetEndpoint useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("Get a webhook endpoint")
        .WithExample(response: EndpointResponse.Example)
        .WithErrors(("endpoint.not_found", 404));

    public async Task<Results<Ok<EndpointResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await db.WebhookEndpoints.AsNoTracking().SingleOrDefaultAsync(e => e.Id == id, cancellationToken) is { } endpoint
            ? TypedResults.Ok(changing.Response(endpoint))
            : ChangingEndpoints.NotFound();
}
