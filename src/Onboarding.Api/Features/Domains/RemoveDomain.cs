using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Domains;

/// <summary>Takes a domain off: on every node it is nobody's host at once.</summary>
internal sealed class RemoveDomain(CustomDomains domains, IMultiTenantContextAccessor<Organization> tenant, RequestActor actor)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapDelete("/{id:guid}", (Guid id, RemoveDomain useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .ThrottledByMember("domains", limits => limits.ChangeDomain)
        .WithSummary("Remove a domain")
        .WithErrors(("domain.not_found", 404));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        var organization = tenant.MultiTenantContext.TenantInfo!;
        return await domains.FindAsync(organization, id, cancellationToken) is { } domain && await domains.RemoveAsync(organization, domain, actor.ToActor(), cancellationToken)
            ? TypedResults.NoContent()
            : VerifyDomain.NotFound();
    }
}
