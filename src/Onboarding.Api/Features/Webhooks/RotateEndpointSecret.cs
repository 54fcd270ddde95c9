using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="GraceHours">How long the earlier secret signs too, 0 to 168; long enough to give the new one to the receiver.</param>
/// <param name="Signature">Another kind of signature; left out, it stays.</param>
public sealed record RotateEndpointSecretRequest([property: Range(0, 168)] int GraceHours = 24, WebhookSecretKind? Signature = null);

/// <summary>Gives an endpoint another secret; until the end of the grace, deliveries are signed by both (HOOK-4).</summary>
internal sealed class RotateEndpointSecret(TenantDbContext db, ChangingEndpoints changing, EventAccess access, EndpointSecrets secrets, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/endpoints/{id:guid}/rotate-secret", (Guid id, RotateEndpointSecretRequest request, RotateEndpointSecret useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Rotate a webhook endpoint's secret")
        .WithExample(new RotateEndpointSecretRequest(24), EndpointSecretResponse.Example)
        .WithErrors(("endpoint.not_found", 404), ("endpoint.too_many_secrets", 409));

    public async Task<Results<Ok<EndpointSecretResponse>, ProblemHttpResult>> HandleAsync(Guid id, RotateEndpointSecretRequest request, CancellationToken cancellationToken)
    {
        WebhookSecret? secret = null;
        var changed = await changing.RunAsync(
            id,
            async endpoint =>
            {
                // Whoever has the secret can say whatever the endpoint believes.
                if ((access.Refusal(endpoint.EventTypes) ?? await access.RefusalAsync(id, cancellationToken)) is { } refusal)
                {
                    return (null, refusal);
                }

                var (scope, now) = (db.Organization!.SecretScope, clock.GetUtcNow());
                var known = secrets.Unprotect(endpoint.Secrets, scope);
                secret = WebhookSecret.Generate(request.Signature ?? WebhookSecret.Parse(known[0].Secret)!.Kind);
                return EndpointSecrets.Rotate(known, secret, TimeSpan.FromHours(request.GraceHours), now) is { } rotated
                    ? ((Tenancy.Outbox.DomainEvent?)endpoint.Rotate(secrets.Protect(rotated, scope), now), (ProblemHttpResult?)null)
                    : (null, Problems.Conflict("endpoint.too_many_secrets", $"{EndpointSecrets.MaxEarlier} earlier secrets are in their grace. Wait for one to end, or rotate without grace."));
            },
            cancellationToken);
        return changed.Result switch
        {
            Ok<EndpointResponse> { Value: { } endpoint } => TypedResults.Ok(EndpointSecretResponse.Of(endpoint, secret!)),
            var problem => (ProblemHttpResult)problem,
        };
    }
}
