using System.ComponentModel.DataAnnotations;
using System.Net.Mime;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Data;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Billing;

/// <param name="Checkout">The provider's id of the checkout, where it was paid.</param>
/// <param name="Cancelled">Whether it was not.</param>
public sealed record ReturnQuery(
    [property: FromQuery(Name = "checkout"), StringLength(255)] string? Checkout = null,
    [property: FromQuery(Name = "cancelled")] bool? Cancelled = null);

/// <summary>
/// Where the provider sends whoever has paid, or not, until there is a page of your own for it (<c>Billing:Pages:ReturnUrl</c>).
/// Anybody can open it, so all it does is to have the provider asked, and only for a checkout of this very organization (BILL-12).
/// </summary>
internal sealed class ReturnFromCheckout(BillingDbContext billing, SyncRequests sync, TenantDbContext db)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapGet("/return", ([AsParameters] ReturnQuery query, ReturnFromCheckout useCase, CancellationToken cancellationToken) => useCase.HandleAsync(query.Checkout, cancellationToken))
        .AllowAnonymous()
        .ReachableWhileSuspended()
        .Throttled("billing-return", limits => limits.BillingRefresh)
        .WithSummary("Come back from the payment provider")
        .Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Text.Html)
        .WithErrors(("checkout.not_found", 404));

    public async Task<IResult> HandleAsync(string? checkout, CancellationToken cancellationToken)
    {
        if (checkout is not null)
        {
            var key = db.Organization!.Key;
            if (!await billing.Checkouts.AnyAsync(c => c.OrganizationId == key && c.ExternalId == checkout, cancellationToken))
            {
                return Problems.NotFound("checkout.not_found", "There is no such checkout in this organization.");
            }

            await sync.OfOrganizationAsync(key, cancellationToken);
        }

        return TypedResults.Content(Page(checkout is null ? "You can close this page." : "Thank you. Your plan is being updated; you can close this page."), MediaTypeNames.Text.Html);
    }

    private static string Page(string sentence) => $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Billing</title></head><body><p>{sentence}</p></body></html>";
}
