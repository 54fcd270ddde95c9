using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Data;

namespace Onboarding.Api.Features.Platform;

/// <param name="Customer">The provider's id of the customer.</param>
/// <param name="Failures">How many fetches have failed since one succeeded.</param>
/// <param name="Anomaly">What is odd about what the provider says.</param>
public sealed record BillingTroubleResponse(Guid Id, Guid OrganizationId, string Provider, string Customer, DateTimeOffset? CheckedAt, int Failures, string? LastError, string? Anomaly)
{
    internal static readonly BillingTroubleResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-0000000000dd"), Guid.Parse("01990000-0000-7000-8000-0000000000aa"), "stripe", "cus_NffrFeUfNV2Hib", DateTimeOffset.UnixEpoch, 0, null, "A subscription names another organization.");
}

/// <summary>Customers whom somebody has to look at: their state cannot be fetched, or is odd.</summary>
internal sealed class ListBillingTroubles(BillingDbContext db)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapGet("/troubles", ([AsParameters] PageQuery page, ListBillingTroubles useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .WithSummary("List customers to look at")
        .WithExample(response: new Page<BillingTroubleResponse>([BillingTroubleResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<BillingTroubleResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (string Value, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var customers = db.Customers.AsNoTracking().Where(c => c.Failures > 0 || c.Anomaly != null);
        customers = after is var (_, id) ? customers.Where(c => c.Id < id) : customers;
        var rows = await customers.OrderByDescending(c => c.Id).Take(page.Take)
            .Select(c => new BillingTroubleResponse(c.Id, c.OrganizationId, c.Provider, c.ExternalId, c.CheckedAt, c.Failures, c.LastError, c.Anomaly))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.Provider, row.Id)));
    }
}
