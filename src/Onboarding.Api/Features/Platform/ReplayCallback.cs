using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Billing.Callbacks;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Platform;

/// <param name="EventId">The provider's id of the event.</param>
/// <param name="Provider">The provider.</param>
public sealed record ReplayCallbackRequest([property: Required, StringLength(255)] string EventId, [property: StringLength(32)] string Provider = "stripe");

/// <summary>Has the state of a callback's customer fetched again.</summary>
internal sealed class ReplayCallback(PlatformDbContext platform, CallbackInbox inbox, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder billing) => billing
        .MapPost("/callbacks/replay", (ReplayCallbackRequest request, ReplayCallback useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .WithSummary("Replay a callback")
        .WithExample(new ReplayCallbackRequest(CallbackResponse.Example.EventId))
        .WithErrors(("callback.not_found", 404));

    public async Task<Results<Accepted, ProblemHttpResult>> HandleAsync(ReplayCallbackRequest request, CancellationToken cancellationToken)
    {
        // Before it is done: nothing is done that no log tells of.
        PlatformAudit.Add(platform, "callback.replay_requested", actor.ToActor(), organizationId: null, subjectId: null, $"{request.Provider} {request.EventId}", clock.GetUtcNow());
        await platform.SaveChangesAsync(cancellationToken);
        return await inbox.ReplayAsync(request.Provider, request.EventId, CancellationToken.None)
            ? TypedResults.Accepted((string?)null)
            : Problems.NotFound("callback.not_found", "There is no such callback, its customer is nobody here, or it is quarantined.");
    }
}
