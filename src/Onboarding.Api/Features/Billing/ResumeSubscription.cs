using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;

namespace Onboarding.Api.Features.Billing;

/// <summary>Takes a cancellation back, as long as what was paid for is not over.</summary>
internal sealed class ResumeSubscription(CancelSubscription cancelling)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/resume", (ResumeSubscription useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .ThrottledByMember("billing", limits => limits.Billing)
        .WithSummary("Take back a cancellation")
        .WithErrors(("billing.no_subscription", 409), ("billing.refused", 409), ("billing.not_configured", 503), ("billing.provider_unavailable", 503));

    public Task<Results<Accepted, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken) => cancelling.HandleAsync(cancel: false, cancellationToken);
}
