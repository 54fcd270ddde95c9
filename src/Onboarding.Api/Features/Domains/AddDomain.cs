using System.ComponentModel.DataAnnotations;
using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Domains;

/// <param name="Domain">Such as <c>app.example.com</c>; no port, no path, and no domain under which others have theirs.</param>
public sealed record AddDomainRequest([property: Required, StringLength(253)] string Domain);

/// <summary>Says which record shows that a domain is the organization's. Asking for one keeps nobody else from it.</summary>
internal sealed class AddDomain(
    CustomDomains domains, IMultiTenantContextAccessor<Organization> tenant, RequestActor actor, IOptions<WebOptions> web, TimeProvider clock)
{
    /// <summary>The name of the record that proves it is longer, and ends at 253 too (RFC 1035, section 2.3.4).</summary>
    private const int MaxLength = 253 - 12;

    public static void Map(RouteGroupBuilder group) => group
        .MapPost("", (AddDomainRequest request, AddDomain useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireFeature(FeatureNames.CustomDomains)
        .ThrottledByMember("domains", limits => limits.ChangeDomain)
        .WithSummary("Add a domain")
        .WithExample(new AddDomainRequest("app.example.com"), DomainResponse.Example)
        .WithErrors(("domain.invalid", 400), ("domain.public", 400), ("domain.exists", 409), ("quota.domains", 409));

    public async Task<Results<Created<DomainResponse>, ProblemHttpResult>> HandleAsync(AddDomainRequest request, CancellationToken cancellationToken)
    {
        // In the one form in which hosts are compared: ASCII (IDNA), lower case.
        if (EmailDomain.Parse(request.Domain) is not { Length: <= MaxLength } name || IsOurs(name))
        {
            return Problems.BadRequest("domain.invalid", "This is no domain that an organization can have, such as app.example.com.");
        }

        if (PublicSuffixes.Contains(name))
        {
            return Problems.BadRequest("domain.public", "Everybody has domains below this one.");
        }

        var organization = tenant.MultiTenantContext.TenantInfo!;
        var domain = CustomDomain.Claim(organization.Key, name, clock.GetUtcNow());
        if (await domains.AddAsync(organization, domain, actor.ToActor(), cancellationToken))
        {
            return TypedResults.Created((string?)null, DomainResponse.Of(domain));
        }

        var all = await domains.ListAsync(organization, cancellationToken);
        return all.Any(d => d.Domain == name) ? Problems.Conflict("domain.exists", "The organization has asked for this domain already.")
            : Quotas.Refusal("quota.domains", all.Count, CustomDomains.Limit) ?? Problems.Conflict("domain.exists", "The organization had this domain a moment ago. Try again.");
    }

    // Those of organizations are given by identifier, and the platform's own are nobody's.
    private bool IsOurs(string name) => name == web.Value.BaseDomain || name.EndsWith($".{web.Value.BaseDomain}", StringComparison.Ordinal);
}
