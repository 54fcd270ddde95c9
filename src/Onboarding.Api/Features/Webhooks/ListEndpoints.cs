using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>The organization's endpoints, newest first.</summary>
internal sealed class ListEndpoints(TenantDbContext db, ChangingEndpoints changing)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/endpoints", ([AsParameters] PageQuery page, ListEndpoints useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .RequireAuthorization(Permissions.ReadWebhooks)
        .WithSummary("List webhook endpoints")
        .WithExample(response: new Page<EndpointResponse>([EndpointResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<EndpointResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var endpoints = after is var (_, id) ? db.WebhookEndpoints.Where(e => e.Id < id) : db.WebhookEndpoints;
        var rows = await endpoints.AsNoTracking().OrderByDescending(e => e.Id).Take(page.Take).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.Select(changing.Response).ToList().ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }
}
