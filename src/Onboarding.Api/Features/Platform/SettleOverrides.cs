using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Features">Features that are on or off whatever the plan says, by name; takes the place of what was settled before.</param>
/// <param name="Quotas">Quotas whatever the plan says, by name; takes the place of what was settled before.</param>
/// <param name="Reason">For both audit logs.</param>
public sealed record SettleOverridesRequest(
    [property: Required] IReadOnlyDictionary<string, bool> Features,
    [property: Required] IReadOnlyDictionary<string, long> Quotas,
    [property: Required, StringLength(500, MinimumLength = 3), RegularExpression(NameRules.Text, ErrorMessage = NameRules.NoText)] string Reason);

/// <summary>Settles features and quotas for one organization alone.</summary>
internal sealed class SettleOverrides(GovernOrganization govern, GetOrganizationDetails details, PlanCatalogue catalogue, RequestActor actor)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPut("/{id:guid}/overrides", (Guid id, SettleOverridesRequest request, SettleOverrides useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, request, cancellationToken))
        .WithSummary("Settle features and quotas of an organization")
        .WithExample(
            new SettleOverridesRequest(new Dictionary<string, bool> { ["custom_roles"] = true }, new Dictionary<string, long> { ["seats"] = 20 }, "Agreed on 3 March."), OrganizationDetailsResponse.Example)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404));

    public async Task<Results<Ok<OrganizationDetailsResponse>, ProblemHttpResult>> HandleAsync(Guid id, SettleOverridesRequest request, CancellationToken cancellationToken)
    {
        if (request.Features.Keys.FirstOrDefault(name => catalogue.FindFeature(name) is null) is { } feature)
        {
            return Problems.Invalid("features", $"There is no feature {feature}.");
        }

        if (request.Quotas.FirstOrDefault(quota => !QuotaNames.All.Contains(quota.Key) || quota.Value < 0) is { Key: { } quota })
        {
            return Problems.Invalid("quotas", $"There is no quota {quota}, or its number is below zero.");
        }

        var overrides = new PlanOverrides { Features = request.Features, Quotas = request.Quotas };
        return await SuspendOrganization.AnswerAsync(await govern.SettleAsync(id, overrides, actor.ToActor(), request.Reason, cancellationToken), details, cancellationToken);
    }
}
