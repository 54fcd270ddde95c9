using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.FeatureManagement;
using Onboarding.Billing.Plans;

namespace Onboarding.Api.Http;

/// <summary>Marks an endpoint that only organizations with a feature can use.</summary>
internal sealed record RequiresFeature(string Feature);

/// <summary>Says whether the organization has a feature, where not the whole endpoint is about it.</summary>
internal sealed class FeatureAccess(IFeatureManager features, PlanCatalogue catalogue)
{
    /// <summary>403 <c>feature.not_in_plan</c>, with the plan that has it; null where the organization has the feature.</summary>
    public async Task<ProblemHttpResult?> RefusalAsync(string feature) => await features.IsEnabledAsync(feature) ? null : FeatureGate.NotInPlan(catalogue, feature);
}

/// <summary>Asks for a feature in front of an endpoint.</summary>
/// <remarks>
/// Not by <c>WithFeatureGate</c>: that asks a snapshot, which remembers an answer whomever it is about, and answers 404, by which
/// nobody learns which plan has what they miss.
/// </remarks>
internal static class FeatureGate
{
    public const string Code = "feature.not_in_plan";

    /// <summary>403 <c>feature.not_in_plan</c>, with the plan that has it, unless the organization has the feature.</summary>
    public static RouteHandlerBuilder RequireFeature(this RouteHandlerBuilder builder, string feature) => builder
        .WithMetadata(new RequiresFeature(feature))
        .WithErrors((Code, StatusCodes.Status403Forbidden))
        .AddEndpointFilter(async (context, next) =>
        {
            var access = context.HttpContext.RequestServices.GetRequiredService<FeatureAccess>();
            return await access.RefusalAsync(feature) is { } refusal ? refusal : await next(context);
        });

    /// <summary>The refusal.</summary>
    public static ProblemHttpResult NotInPlan(PlanCatalogue catalogue, string feature, IDictionary<string, object?>? extensions = null)
    {
        var plan = catalogue.SmallestWith(feature);
        return Problems.Create(
            StatusCodes.Status403Forbidden,
            Code,
            plan is null ? "The organization does not have this." : $"The organization's plan does not have this; the plan {plan.Name} does.",
            new Dictionary<string, object?>(extensions ?? new Dictionary<string, object?>()) { ["feature"] = feature, ["plan"] = plan?.Key });
    }
}
