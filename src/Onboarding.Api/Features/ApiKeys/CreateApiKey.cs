using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApiKeys;

/// <param name="Name">What it is for.</param>
/// <param name="Scopes">Permissions; none that the caller lacks, and never <c>api_keys:manage</c>.</param>
/// <param name="AllowedNetworks">Where it may be used from, as CIDR networks or single addresses; left out, everywhere.</param>
/// <param name="RateLimit">Requests a minute; left out, the default.</param>
/// <param name="ExpiresAt">When it stops being good; left out, in a year, and in ten at most.</param>
public sealed record CreateApiKeyRequest(
    [property: Required, StringLength(ApiKeyRules.MaxName), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string Name,
    [property: Required, Length(1, ApiKeyRules.MaxScopes)] IReadOnlyList<string> Scopes,
    [property: MaxLength(ApiKeyRules.MaxNetworks)] IReadOnlyList<string>? AllowedNetworks = null,
    [property: Range(1, ApiKeyRules.MaxRateLimit)] int? RateLimit = null,
    DateTimeOffset? ExpiresAt = null);

/// <summary>Creates a key that may do no more than whoever creates it. This answer alone shows it (SEC-34), to somebody who signed in a moment ago (SEC-30).</summary>
internal sealed class CreateApiKey(TenantDbContext db, ApiKeyAccess access, GetApiKey get, Quotas quotas, RequestActor actor, IOptions<ApiKeyOptions> options, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder keys, bool own) => keys
        .MapPost("", (CreateApiKeyRequest request, CreateApiKey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, own, cancellationToken))
        .RequireFreshSignIn()
        .WithSummary(own ? "Create an API key of your own" : "Create an API key")
        .WithExample(
            new CreateApiKeyRequest(ApiKeyResponse.Example.Name, [Permissions.ApproveMembers], ["192.0.2.0/24"], 60),
            ApiKeyResponse.Example with { Key = "ok_live_..." })
        .WithErrors(("permission.unknown", 400), ("permission.not_grantable", 403), (FeatureGate.Code, 403), ("quota.api_keys", 409));

    public async Task<Results<Created<ApiKeyResponse>, ProblemHttpResult>> HandleAsync(CreateApiKeyRequest request, bool own, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (ApiKeyRules.Refusal(request.Scopes, request.AllowedNetworks, request.ExpiresAt, actor.Permissions, now) is { } refusal)
        {
            return refusal;
        }

        var wanted = new ApiKeyChange(
            request.Name.Trim(), request.Scopes, ApiKeyRules.Canonical(request.AllowedNetworks), new(request.RateLimit), request.ExpiresAt?.ToUniversalTime() ?? now + options.Value.Lifetime);
        var (key, token, created) = ApiKey.Create(db.Organization!.Key, access.Owner(own), wanted, actor.ToActor().Id, now);
        var problem = await db.InTransactionAsync(
            async () =>
            {
                // One after the other, so that two at once do not both take the last place.
                await db.Database.ExecuteSqlAsync($"SELECT 1 FROM settings FOR UPDATE", cancellationToken);
                var good = db.ApiKeys.Where(k => k.RevokedAt == null && k.ExpiresAt > now);
                var exceeded = quotas.Refusal(QuotaNames.ApiKeys, await good.CountAsync(cancellationToken))
                    ?? (key.OwnerId is { } owner ? Quotas.Refusal("quota.api_keys", await good.CountAsync(k => k.OwnerId == owner, cancellationToken), quotas.ApiKeysPerMember) : null);
                if (exceeded is not null)
                {
                    return exceeded;
                }

                db.ApiKeys.Add(key);
                db.Record(created, actor.ToActor());
                await db.SaveChangesAsync(cancellationToken);
                return null;
            },
            cancellationToken);
        return problem is not null
            ? problem
            : TypedResults.Created($"{(own ? "/me" : "")}/api-keys/{key.Id}", await get.OfAsync(key.Id, token, cancellationToken));
    }
}
