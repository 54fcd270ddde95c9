using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Billing;

/// <summary>Has the provider asked again, as a page does when somebody comes back from paying. It never says itself what has changed.</summary>
internal sealed class RefreshSubscription(SyncRequests sync, TenantDbContext db)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/subscription/refresh", (RefreshSubscription useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .ThrottledByMember("billing-refresh", limits => limits.BillingRefresh)
        .WithSummary("Ask the provider how the subscription stands");

    public async Task<Accepted> HandleAsync(CancellationToken cancellationToken)
    {
        await sync.OfOrganizationAsync(db.Organization!.Key, cancellationToken);
        return TypedResults.Accepted((string?)null);
    }
}
