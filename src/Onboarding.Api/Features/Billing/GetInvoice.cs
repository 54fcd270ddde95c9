using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Data;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Billing;

/// <summary>One invoice.</summary>
internal sealed class GetInvoice(BillingDbContext billing, TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/invoices/{id:guid}", (Guid id, GetInvoice useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Read an invoice")
        .WithExample(response: InvoiceResponse.Example)
        .WithErrors(("invoice.not_found", 404));

    public async Task<Results<Ok<InvoiceResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken) =>
        await ListInvoices.OfOrganization(billing, db.Organization!.Key).SingleOrDefaultAsync(i => i.Id == id, cancellationToken) is { } invoice
            ? TypedResults.Ok(InvoiceResponse.Of(invoice))
            : Problems.NotFound("invoice.not_found", "There is no such invoice in this organization.");
}
