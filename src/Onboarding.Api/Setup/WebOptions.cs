using System.ComponentModel.DataAnnotations;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Setup;

/// <summary>Section <c>Web</c>: where the product is to be found.</summary>
internal sealed class WebOptions : IValidatableObject
{
    public const string Section = "Web";

    private string scheme = "";
    private string authority = "";

    /// <summary>
    /// Address of the bare base domain as people type it, such as <c>https://example.com</c>. Each organization lives at
    /// <c>{identifier}</c> in front of its host. Links in mails and the issuer of tokens are built from it, never from
    /// the Host header of a request.
    /// </summary>
    [Required(ErrorMessage = "Web:PublicUrl is missing: the address of the bare base domain, such as https://example.com.")]
    public string PublicUrl
    {
        get;
        set
        {
            // Read at every request, so it is taken apart once. What is no address is refused at start; until then it
            // must not stop the other settings from being checked.
            field = value;
            Uri.TryCreate(value, UriKind.Absolute, out var url);
            BaseDomain = url?.Host ?? "invalid";
            scheme = url?.Scheme ?? "";
            authority = url is { IsDefaultPort: false } ? $"{BaseDomain}:{url.Port}" : BaseDomain;
        }
    }
    = "";

    /// <summary>Networks (CIDR) of the proxies whose <c>X-Forwarded-*</c> headers are believed; none by default (SEC-2, SEC-47).</summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>Its host.</summary>
    public string BaseDomain { get; private set; } = "invalid";

    /// <summary>The organization's own address, without a slash at the end.</summary>
    public string UrlOf(Organization organization) => UrlOf(organization.Identifier);

    /// <summary>The address of an organization of this identifier, whether there is one or not.</summary>
    public string UrlOf(string identifier) => $"{scheme}://{identifier}.{authority}";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps) || url.PathAndQuery != "/")
        {
            yield return new("Web:PublicUrl must be an http or https address without a path.", [nameof(PublicUrl)]);
        }

        foreach (var network in TrustedProxies.Where(network => !System.Net.IPNetwork.TryParse(network, out _)))
        {
            yield return new($"Web:TrustedProxies holds '{network}', which is not a network such as 10.0.0.0/8.", [nameof(TrustedProxies)]);
        }
    }
}

internal static class WebSetup
{
    public static WebOptions AddWebOptions(this WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(WebOptions.Section);
        builder.Services.AddOptions<WebOptions>().Bind(section).ValidateDataAnnotations().ValidateOnStart()
            .Validate<IHostEnvironment>(
                (web, environment) => environment.IsDevelopment() || web.PublicUrl.Length == 0 || web.BaseDomain == "localhost" || web.PublicUrl.StartsWith("https://", StringComparison.Ordinal),
                "Web:PublicUrl must be an https address: links in mails carry secrets.");
        return section.Get<WebOptions>() ?? new WebOptions();
    }
}
