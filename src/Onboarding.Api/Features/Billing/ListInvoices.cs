using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Data;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Billing;

/// <param name="Status"><c>open</c>, <c>paid</c>, <c>uncollectible</c> or <c>void</c>.</param>
/// <param name="AmountDue">In the smallest unit of the currency.</param>
/// <param name="Attempts">How often payment was tried.</param>
/// <param name="Url">The provider's page of it.</param>
/// <param name="PdfUrl">The provider's PDF of it.</param>
public sealed record InvoiceResponse(
    Guid Id, string? Number, string Status, long AmountDue, long AmountPaid, string Currency, long Attempts, DateTimeOffset CreatedAt, DateTimeOffset? PaidAt, string? Url, string? PdfUrl)
{
    internal static readonly InvoiceResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-000000000007"), "ACME-0001", "paid", 22_800, 22_800, "eur", 1, DateTimeOffset.UnixEpoch.AddYears(56), DateTimeOffset.UnixEpoch.AddYears(56), "https://invoice.stripe.com/i/...", "https://pay.stripe.com/invoice/.../pdf");

    internal static InvoiceResponse Of(Invoice i) => new(i.Id, i.Number, i.Status, i.AmountDue, i.AmountPaid, i.Currency, i.Attempts, i.CreatedAt, i.PaidAt, i.HostedUrl, i.PdfUrl);
}

/// <summary>The organization's invoices, newest first, as the provider was last heard.</summary>
internal sealed class ListInvoices(BillingDbContext billing, TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/invoices", ([AsParameters] PageQuery page, ListInvoices useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .WithSummary("List the invoices")
        .WithExample(response: new Page<InvoiceResponse>([InvoiceResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<InvoiceResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var invoices = OfOrganization(billing, db.Organization!.Key);
        if (after is var (at, id))
        {
            invoices = invoices.Where(i => i.CreatedAt < at || (i.CreatedAt == at && i.Id < id));
        }

        var rows = await invoices.OrderByDescending(i => i.CreatedAt).ThenByDescending(i => i.Id).Take(page.Take).ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.Select(InvoiceResponse.Of).ToList().ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }

    /// <summary>Those of all customers that the organization has been.</summary>
    public static IQueryable<Invoice> OfOrganization(BillingDbContext billing, Guid organization) =>
        billing.Invoices.AsNoTracking().Where(i => billing.Customers.Any(c => c.Id == i.CustomerId && c.OrganizationId == organization));
}
