using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.FeatureManagement;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Billing;

/// <param name="Enabled">Whether the organization has it.</param>
/// <param name="Plan">Key of the smallest plan that has it; null when none does.</param>
public sealed record FeatureResponse(string Name, string Description, bool Enabled, string? Plan);

/// <param name="Plan">Key of the organization's plan.</param>
public sealed record FeaturesResponse(string Plan, IReadOnlyList<FeatureResponse> Data);

/// <summary>What is on for the organization: what a user interface shows or hides.</summary>
internal sealed class ListFeatures(IFeatureManager features, PlanCatalogue catalogue, IMultiTenantContextAccessor<Organization> tenant)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("", (ListFeatures useCase) => useCase.HandleAsync())
        .RequireAuthorization()
        .WithSummary("List the features")
        .WithExample(response: new FeaturesResponse("premium", [new(FeatureNames.CustomRoles, "Roles of your own", Enabled: true, "premium")]));

    public async Task<Ok<FeaturesResponse>> HandleAsync()
    {
        var data = new List<FeatureResponse>(catalogue.Features.Count);
        foreach (var feature in catalogue.Features)
        {
            data.Add(new(feature.Name, feature.Description, await features.IsEnabledAsync(feature.Name), catalogue.SmallestWith(feature.Name)?.Key));
        }

        return TypedResults.Ok(new FeaturesResponse(tenant.MultiTenantContext.TenantInfo!.Plan, data));
    }
}
