using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Customer">The provider's id of the customer.</param>
/// <param name="Provider">The provider.</param>
public sealed record LinkCustomerRequest([property: Required, StringLength(255)] string Customer, [property: StringLength(32)] string Provider = "stripe");

/// <summary>Says that a provider's customer is this organization; what had come for it is applied (BILL-10). Told in both audit logs.</summary>
internal sealed class LinkCustomer(PlatformDbContext platform, TenantSchema schema, TenantScope tenants, CustomerLinks links, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/{id:guid}/billing/link", (Guid id, LinkCustomerRequest request, LinkCustomer useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, request, cancellationToken))
        .WithSummary("Link a customer to an organization")
        .WithExample(new LinkCustomerRequest("cus_NffrFeUfNV2Hib"))
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), ("customer.not_found", 404), ("customer.taken", 409));

    public async Task<Results<Accepted, ProblemHttpResult>> HandleAsync(Guid id, LinkCustomerRequest request, CancellationToken cancellationToken)
    {
        if (await ListDeadLetters.FindAsync(platform, schema, id, cancellationToken) is not { } organization)
        {
            return GetOrganizationDetails.NotFound();
        }

        // Before it is done: nothing is done that no log tells of.
        var (by, note, now) = (actor.ToActor(), $"{request.Provider} {request.Customer}", clock.GetUtcNow());
        PlatformAudit.Add(platform, "customer.link_requested", by, id, subjectId: null, note, now);
        await platform.SaveChangesAsync(cancellationToken);
        await tenants.RunAsync(organization, services =>
        {
            var db = services.GetRequiredService<TenantDbContext>();
            db.Audit("customer.link_requested", by, subjectId: null, note, now);
            return db.SaveChangesAsync(cancellationToken);
        });
        return await links.LinkKnownAsync(id, request.Provider, request.Customer, CancellationToken.None) switch
        {
            LinkOutcome.Linked => TypedResults.Accepted((string?)null),
            LinkOutcome.Taken => Problems.Conflict("customer.taken", "The organization is another customer already, or the customer another organization."),
            _ => Problems.NotFound("customer.not_found", "The provider has no such customer, does not answer, or is none here."),
        };
    }
}
