using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;

namespace Onboarding.Api.Features.Billing;

/// <param name="Plan">Key of a plan that has a price.</param>
/// <param name="Interval"><c>month</c> or <c>year</c>.</param>
/// <param name="At">The moment of the preview, so that what is charged is what it said; left out, now.</param>
public sealed record ChangePlanRequest(
    [property: Required, StringLength(40)] string Plan,
    [property: RegularExpression("month|year", ErrorMessage = "An interval is month or year.")] string Interval = "month",
    DateTimeOffset? At = null);

/// <summary>Changes what is paid for. The plan follows when the provider says so, in a moment.</summary>
internal sealed class ChangePlan(BillingAccount account, PreviewChange preview, TimeProvider clock)
{
    /// <summary>How long a preview is good.</summary>
    private static readonly TimeSpan Good = TimeSpan.FromMinutes(10);

    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/change", (ChangePlanRequest request, ChangePlan useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .ThrottledByMember("billing", limits => limits.Billing)
        .WithSummary("Change the plan")
        .WithExample(new ChangePlanRequest("premium", "year", DateTimeOffset.UnixEpoch.AddYears(57)))
        .WithErrors(
            ("billing.plan_unknown", 400), ("billing.no_subscription", 409), ("billing.preview_expired", 409), ("billing.unchanged", 409), ("billing.refused", 409),
            ("billing.not_configured", 503), ("billing.provider_unavailable", 503));

    public async Task<Results<Accepted, ProblemHttpResult>> HandleAsync(ChangePlanRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (request.At is { } at && (at > now || at < now - Good))
        {
            return Problems.Conflict("billing.preview_expired", "The preview is too old; ask for another one.");
        }

        var (provider, change, problem) = await preview.PrepareAsync(request.Plan, request.Interval, request.At ?? now, cancellationToken);
        problem ??= await account.DoAsync("billing.plan_change_requested", change!.LookupKey, () => provider!.ChangeAsync(change, CancellationToken.None));
        return problem is null ? TypedResults.Accepted((string?)null) : problem;
    }
}
