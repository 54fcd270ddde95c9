using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Billing;

/// <summary>Section <c>Billing:Pages</c>: where the provider's pages send people.</summary>
internal sealed class BillingPageOptions : IValidatableObject
{
    public const string Section = "Billing:Pages";

    /// <summary>Address of your own page for whoever comes back, with <c>{identifier}</c> for the organization's; left out, <c>/billing/return</c> of its host.</summary>
    public string? ReturnUrl { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (ReturnUrl is { } url && !(Uri.TryCreate(url.Replace("{identifier}", "acme", StringComparison.Ordinal), UriKind.Absolute, out var page) && page.Scheme is "http" or "https"))
        {
            yield return new("Billing:Pages:ReturnUrl is an absolute address, such as https://{identifier}.example.com/billing.", [nameof(ReturnUrl)]);
        }
    }
}

/// <summary>Addresses that are given to the provider. Made of configuration and the catalogue, never of what a request says.</summary>
internal sealed class BillingPages(IOptions<BillingPageOptions> options, IOptions<WebOptions> web)
{
    /// <summary>Where whoever has paid comes back to; <c>{CHECKOUT_SESSION_ID}</c> is filled in by the provider.</summary>
    public string Success(Organization organization) => With(organization, "checkout={CHECKOUT_SESSION_ID}");

    /// <summary>Where whoever has not paid comes back to.</summary>
    public string Cancelled(Organization organization) => With(organization, "cancelled=true");

    /// <summary>Where whoever leaves the provider's pages comes back to.</summary>
    public string Return(Organization organization) => Page(organization);

    private string With(Organization organization, string query) =>
        Page(organization) is var page && page.Contains('?', StringComparison.Ordinal) ? $"{page}&{query}" : $"{page}?{query}";

    private string Page(Organization organization) =>
        options.Value.ReturnUrl?.Replace("{identifier}", organization.Identifier, StringComparison.Ordinal) ?? $"{web.Value.UrlOf(organization)}/billing/return";
}
