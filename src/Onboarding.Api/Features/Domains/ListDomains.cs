using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Domains;

/// <param name="Type">Always <c>TXT</c>.</param>
public sealed record DomainRecordResponse(string Name, string Type, string Value);

/// <param name="Domain">In ASCII, as it goes into a browser.</param>
/// <param name="Record">What the organization has to put into the DNS, and to leave there.</param>
/// <param name="VerifiedAt">From when on it is a host of the organization; null while it is none.</param>
/// <param name="CheckedAt">When the record was last looked for.</param>
/// <param name="FailingSince">Since when the record has been missing; after seven days the host is the organization's no more.</param>
public sealed record DomainResponse(
    Guid Id, string Domain, DomainRecordResponse Record, DateTimeOffset CreatedAt, DateTimeOffset? VerifiedAt, DateTimeOffset? CheckedAt, DateTimeOffset? FailingSince)
{
    internal static readonly DomainResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-0000000000dd"), "app.example.com",
        new("_onboarding.app.example.com", "TXT", "onboarding-verification=3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        DateTimeOffset.UnixEpoch, VerifiedAt: null, CheckedAt: null, FailingSince: null);

    internal static DomainResponse Of(CustomDomain domain) =>
        new(domain.Id, domain.Domain, RecordOf(domain), domain.CreatedAt, domain.VerifiedAt, domain.CheckedAt, domain.FailingSince);

    internal static DomainRecordResponse RecordOf(CustomDomain domain) => new(domain.RecordName, "TXT", domain.RecordValue);
}

public sealed record DomainsResponse(IReadOnlyList<DomainResponse> Data);

/// <summary>The organization's domains, those that it has yet to prove among them; never more than ten.</summary>
internal sealed class ListDomains(CustomDomains domains, IMultiTenantContextAccessor<Organization> tenant)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("", (ListDomains useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("List the domains")
        .WithExample(response: new DomainsResponse([DomainResponse.Example]));

    public async Task<Ok<DomainsResponse>> HandleAsync(CancellationToken cancellationToken) =>
        TypedResults.Ok(new DomainsResponse([.. (await domains.ListAsync(tenant.MultiTenantContext.TenantInfo!, cancellationToken)).Select(DomainResponse.Of)]));
}
