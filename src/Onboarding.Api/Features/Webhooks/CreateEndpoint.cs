using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Api.Features.Webhooks;

/// <param name="Url">An https address of the public internet.</param>
/// <param name="EventTypes">Types, groups such as <c>member.*</c>, or <c>*</c> for everything; whoever sets it up holds the permissions of all of them.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Headers">Sent with every request; the values are kept encrypted and are not shown again.</param>
/// <param name="RateLimit">Requests a second at most; left out, there is no limit.</param>
/// <param name="Ordered">Whether a delivery waits until the one before it has been delivered, skipped or given up.</param>
/// <param name="Signature"><c>v1</c> shares a secret with the receiver; with <c>v1a</c> the receiver has a public key.</param>
public sealed record CreateEndpointRequest(
    [property: Required, StringLength(EndpointUrl.MaxLength)] string Url,
    [property: Required, Length(1, ChangingEndpoints.MaxEventTypes)] IReadOnlyList<string> EventTypes,
    [property: StringLength(200)] string Description = "",
    IReadOnlyDictionary<string, string>? Headers = null,
    [property: Range(1, ChangingEndpoints.MaxRateLimit)] int? RateLimit = null,
    bool Ordered = false,
    WebhookSecretKind Signature = WebhookSecretKind.V1);

/// <param name="Endpoint">The endpoint.</param>
/// <param name="Secret">What its deliveries are signed by, <c>whsec_...</c>; null with <c>v1a</c>, whose private key stays here. It is not shown again.</param>
public sealed record EndpointSecretResponse(EndpointResponse Endpoint, string? Secret)
{
    internal static readonly EndpointSecretResponse Example = new(EndpointResponse.Example, "whsec_...");

    internal static EndpointSecretResponse Of(EndpointResponse endpoint, WebhookSecret secret) =>
        new(endpoint, secret.Kind == WebhookSecretKind.V1 ? secret.Reveal() : null);
}

/// <summary>Adds an endpoint. What happens from now on is delivered to it.</summary>
internal sealed class CreateEndpoint(TenantDbContext db, ChangingEndpoints changing, EventAccess access, Quotas quotas, EndpointSecrets secrets, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/endpoints", (CreateEndpointRequest request, CreateEndpoint useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.ManageWebhooks)
        .WithSummary("Create a webhook endpoint")
        .WithExample(
            new CreateEndpointRequest("https://example.com/hooks", ["member.*"], "CRM", new Dictionary<string, string> { ["Authorization"] = "Bearer of-the-receiver" }, RateLimit: 10),
            EndpointSecretResponse.Example)
        .WithErrors(("endpoint.url_refused", 400), ("event_type.unknown", 400), (FeatureGate.Code, 403), ("quota.webhook_endpoints", 409));

    public async Task<Results<Created<EndpointSecretResponse>, ProblemHttpResult>> HandleAsync(CreateEndpointRequest request, CancellationToken cancellationToken)
    {
        if ((changing.Refusal(request.Url, request.EventTypes, request.Headers) ?? access.Refusal(request.EventTypes)) is { } refusal)
        {
            return refusal;
        }

        var (scope, secret) = (db.Organization!.SecretScope, WebhookSecret.Generate(request.Signature));
        var settings = new EndpointSettings(
            request.Url, request.Description.Trim(), [.. request.EventTypes.Distinct()],
            secrets.ProtectHeaders(request.Headers ?? new Dictionary<string, string>(), scope), request.RateLimit, request.Ordered);
        return await db.InTransactionAsync<Results<Created<EndpointSecretResponse>, ProblemHttpResult>>(
            async () =>
            {
                // One after the other, or two at once would pass the quota together.
                await db.Database.ExecuteSqlAsync($"SELECT 1 FROM settings FOR UPDATE", cancellationToken);
                if (quotas.Refusal(QuotaNames.WebhookEndpoints, await db.WebhookEndpoints.CountAsync(cancellationToken)) is { } full)
                {
                    return full;
                }

                var (endpoint, created) = WebhookEndpoint.Create(settings, secrets.Protect(EndpointSecrets.First(secret), scope), clock.GetUtcNow());
                db.WebhookEndpoints.Add(endpoint);
                db.Record(created, actor.ToActor());
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Created($"/webhooks/endpoints/{endpoint.Id}", EndpointSecretResponse.Of(changing.Response(endpoint), secret));
            },
            cancellationToken);
    }
}
