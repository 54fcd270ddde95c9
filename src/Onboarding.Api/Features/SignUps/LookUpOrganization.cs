using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.SignUps;

/// <param name="Identifier">As in its host.</param>
/// <param name="Status"><c>provisioning</c> while it is being set up, <c>active</c> from then on.</param>
/// <param name="Url">Its own address.</param>
public sealed record OrganizationAddressResponse(string Identifier, string Status, string Url)
{
    internal static readonly OrganizationAddressResponse Example = new("acme", "active", "https://acme.example.com");

    internal static OrganizationAddressResponse Of(Organization organization, bool isSetUp, WebOptions web) =>
        new(organization.Identifier, isSetUp ? "active" : "provisioning", web.UrlOf(organization));
}

/// <summary>Whether an identifier is somebody's, and whether that organization serves yet. No more than its host tells everybody.</summary>
internal sealed class LookUpOrganization(CachedOrganizationStore organizations, IOptions<WebOptions> web)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("/{identifier}", (string identifier, LookUpOrganization useCase) => useCase.HandleAsync(identifier))
        .Throttled("look-up-organization", limits => limits.LookUpOrganization)
        .WithSummary("Look up an organization")
        .WithExample(response: OrganizationAddressResponse.Example)
        .WithErrors(("organization.not_found", 404));

    public async Task<Results<Ok<OrganizationAddressResponse>, ProblemHttpResult>> HandleAsync(string identifier) =>
        await organizations.GetByIdentifierAsync(identifier) is { Status: not OrganizationStatus.Deleting } organization
            ? TypedResults.Ok(OrganizationAddressResponse.Of(organization, organization.Status != OrganizationStatus.Provisioning, web.Value))
            : Problems.NotFound("organization.not_found", "There is no such organization.");
}
