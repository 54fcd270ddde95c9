using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Url">Where its members go.</param>
/// <param name="Overrides">What was settled for it alone.</param>
public sealed record OrganizationDetailsResponse(OrganizationSummaryResponse Organization, string Url, OverridesResponse Overrides)
{
    internal static readonly OrganizationDetailsResponse Example = new(OrganizationSummaryResponse.Example, "https://acme.example.com", OverridesResponse.Example);
}

/// <param name="Features">Features that are on or off whatever the plan says, by name.</param>
/// <param name="Quotas">Quotas whatever the plan says, by name.</param>
public sealed record OverridesResponse(IReadOnlyDictionary<string, bool> Features, IReadOnlyDictionary<string, long> Quotas)
{
    internal static readonly OverridesResponse Example = new(new Dictionary<string, bool> { ["custom_roles"] = true }, new Dictionary<string, long> { ["seats"] = 20 });

    internal static OverridesResponse Of(PlanOverrides overrides) => new(overrides.Features, overrides.Quotas);
}

/// <summary>One organization, as who runs the platform sees it.</summary>
internal sealed class GetOrganizationDetails(PlatformDbContext db, OrganizationFigures figures, IOptions<WebOptions> web)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapGet("/{id:guid}", (Guid id, GetOrganizationDetails useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Get an organization")
        .WithExample(response: OrganizationDetailsResponse.Example)
        .WithErrors((NotFoundCode, 404));

    public const string NotFoundCode = "organization.not_found";

    public static ProblemHttpResult NotFound() => Problems.NotFound(NotFoundCode, "There is no such organization.");

    public async Task<Results<Ok<OrganizationDetailsResponse>, ProblemHttpResult>> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        var wanted = id.ToString();
        return await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == wanted, cancellationToken) is { } organization
            ? TypedResults.Ok(await DescribeAsync(organization, cancellationToken))
            : NotFound();
    }

    /// <summary>What is answered about an organization that was just read or changed.</summary>
    public async Task<OrganizationDetailsResponse> DescribeAsync(Organization organization, CancellationToken cancellationToken) => new(
        OrganizationSummaryResponse.Of(organization, await figures.OfAsync([organization], cancellationToken)),
        web.Value.UrlOf(organization),
        OverridesResponse.Of(organization.Overrides));
}
