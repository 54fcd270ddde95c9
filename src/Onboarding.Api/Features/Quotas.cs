using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;

namespace Onboarding.Api.Features;

/// <summary>Section <c>Quotas</c>: how many of a thing an organization may have.</summary>
internal sealed class QuotaOptions
{
    public const string Section = "Quotas";

    [Range(0, 1_000_000)]
    public int ApiKeys { get; set; } = 100;

    /// <summary>Of these: of one member's own, so that nobody uses up what is everybody's.</summary>
    [Range(0, 1_000_000)]
    public int ApiKeysPerMember { get; set; } = 20;

    [Range(0, 1_000_000)]
    public int WebhookEndpoints { get; set; } = 50;
}

/// <summary>How many of a thing the organization may have: the one place that knows where the number comes from.</summary>
internal sealed class Quotas(IOptions<QuotaOptions> options)
{
    public int ApiKeys => options.Value.ApiKeys;

    public int ApiKeysPerMember => options.Value.ApiKeysPerMember;

    public int WebhookEndpoints => options.Value.WebhookEndpoints;

    /// <summary>409 with the numbers; null where one more is within the quota.</summary>
    /// <param name="code">Such as <c>quota.api_keys</c>.</param>
    /// <param name="used">How many there are already.</param>
    public static ProblemHttpResult? Refusal(string code, int used, int limit) => used < limit ? null : Problems.Conflict(
        code, $"The organization has {used} of {limit}.", new Dictionary<string, object?> { ["limit"] = limit, ["used"] = used });
}

internal static class QuotaServices
{
    public static IServiceCollection AddQuotas(this IServiceCollection services)
    {
        services.AddOptions<QuotaOptions>().BindConfiguration(QuotaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddScoped<Quotas>();
    }
}
