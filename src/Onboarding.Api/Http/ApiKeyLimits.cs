using System.Globalization;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Http;

/// <summary>Holds API keys to their networks and their rate, and counts their requests.</summary>
/// <remarks>Only where keys are taken: elsewhere one opens nothing, and so has nothing to lose.</remarks>
internal static class ApiKeyLimits
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Goes behind the agreement of credential and organization.</summary>
    public static IApplicationBuilder UseApiKeyLimits(this IApplicationBuilder app) => app.Use((context, next) =>
        context.User.Identity is not ApiKeyIdentity key || context.GetEndpoint() is not { } endpoint || !Authentication.TakesApiKeys(endpoint.Metadata)
            ? next(context)
            : LimitAsync(context, key, next));

    private static async Task LimitAsync(HttpContext context, ApiKeyIdentity key, RequestDelegate next)
    {
        var organization = context.GetMultiTenantContext<Organization>().TenantInfo!;
        var refusal = Refusal(context, key, organization) ?? await PlanRefusalAsync(context, organization);
        context.RequestServices.GetRequiredService<CountedApiKeys>().Count(organization, key.KeyId, refused: refusal is not null);
        await (refusal is null ? next(context) : refusal.ExecuteAsync(context));
    }

    /// <summary>429 <c>quota.api_requests</c> when the plan's requests of the month are used up; headers say how many are left.</summary>
    private static async Task<IResult?> PlanRefusalAsync(HttpContext context, Organization organization)
    {
        var left = await context.RequestServices.GetRequiredService<ApiRequestQuota>().UseAsync(organization, context.RequestAborted);
        var wait = left.ResetsAt - context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        context.Response.Headers["X-Quota-Limit"] = left.Limit.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["X-Quota-Remaining"] = Math.Max(0, left.Limit - left.Used).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["X-Quota-Reset"] = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return left.IsAllowed ? null : Problems.TooManyRequests(
            "quota.api_requests", $"The organization has made {left.Used} of {left.Limit} requests this month.", wait, new Dictionary<string, object?> { ["limit"] = left.Limit, ["used"] = left.Used });
    }

    private static IResult? Refusal(HttpContext context, ApiKeyIdentity key, Organization organization) =>
        !key.MayComeFrom(context.Connection.RemoteIpAddress)
            ? Problems.Forbidden("api_key.network_denied", "This API key may not be used from this network.")
        : context.RequestServices.GetRequiredService<Throttle>().Count(new("api_key", organization.Key, key.Party), key.RateLimit, Window) is { } wait
            ? ThrottleExtensions.TooMany(context, key.RateLimit, wait)
        : null;
}
