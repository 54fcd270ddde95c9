using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Domains;

/// <summary>Looks for the record, and makes the domain a host of the organization once it is there.</summary>
/// <remarks>Whether another organization has the domain is told after the proof alone. No transaction is open while the DNS is asked.</remarks>
internal sealed class VerifyDomain(CustomDomains domains, IDomainRecords records, IMultiTenantContextAccessor<Organization> tenant, RequestActor actor)
{
    private const int Shown = 5;

    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/{id:guid}/verify", (Guid id, VerifyDomain useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .RequireFeature(FeatureNames.CustomDomains)
        .ThrottledByMember("verify-domain", limits => limits.VerifyDomain)
        .WithSummary("Verify a domain")
        .WithExample(response: DomainResponse.Example with { VerifiedAt = DateTimeOffset.UnixEpoch.AddHours(1), CheckedAt = DateTimeOffset.UnixEpoch.AddHours(1) })
        .WithErrors(("domain.not_found", 404), ("domain.not_verified", 409), ("domain.taken", 409), ("dns.unavailable", 503));

    public async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        var organization = tenant.MultiTenantContext.TenantInfo!;
        if (await domains.FindAsync(organization, id, cancellationToken) is not { } domain)
        {
            return NotFound();
        }

        if (domain.VerifiedAt is not null)
        {
            return TypedResults.Ok(DomainResponse.Of(domain));
        }

        if (await records.TextsAsync(domain.RecordName, cancellationToken) is not { } found)
        {
            return Problems.Unavailable("dns.unavailable", "The DNS could not be asked, or the domain's name servers are in trouble.", TimeSpan.FromSeconds(30));
        }

        if (!found.Contains(domain.RecordValue, StringComparer.Ordinal))
        {
            return Missing(domain, found);
        }

        if (!await domains.VerifyAsync(organization, domain, actor.ToActor(), cancellationToken))
        {
            return Problems.Conflict("domain.taken", "Another organization has this domain. Once its record has been gone for seven days it is free.");
        }

        return await domains.FindAsync(organization, id, cancellationToken) is { } verified ? TypedResults.Ok(DomainResponse.Of(verified)) : NotFound();
    }

    internal static ProblemHttpResult NotFound() => Problems.NotFound("domain.not_found", "The organization has no such domain.");

    private static ProblemHttpResult Missing(CustomDomain domain, IReadOnlyList<string> found) => Problems.Conflict(
        "domain.not_verified",
        found.Count == 0 ? "There is no TXT record of this name yet. A new record can take a while to be seen." : "There are TXT records of this name, but none has the value.",
        new Dictionary<string, object?>
        {
            ["record"] = DomainResponse.RecordOf(domain),
            ["found"] = found.Take(Shown).Select(text => text.Length > 200 ? text[..200] : text).ToList(),
        });
}
