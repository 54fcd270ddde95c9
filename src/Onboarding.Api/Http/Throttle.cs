using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Http;

/// <summary>What is counted: a kind of call, in one organization, for one party. The organization is always part of it (SEC-6); <see cref="Guid.Empty"/> is the platform, to which routes without one belong.</summary>
internal readonly record struct ThrottleKey(string Call, Guid Organization, string Party);

/// <summary>Counts calls and says who came too often. Kept in this node's memory.</summary>
internal sealed class Throttle : IDisposable
{
    private readonly PartitionedRateLimiter<(ThrottleKey Key, int Limit, TimeSpan Window)> counters =
        PartitionedRateLimiter.Create<(ThrottleKey Key, int Limit, TimeSpan Window), ThrottleKey>(call =>
            RateLimitPartition.GetFixedWindowLimiter(call.Key, _ => new FixedWindowRateLimiterOptions
            {
                PermitLimit = call.Limit,
                Window = call.Window,
                QueueLimit = 0,
            }));

    /// <summary>Counts one call; answers how long to wait when it is one too many.</summary>
    public TimeSpan? Count(ThrottleKey key, int limit, TimeSpan window)
    {
        using var lease = counters.AttemptAcquire((key, limit, window));
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : window;
    }

    /// <summary>The same without counting: whether one more would be too many.</summary>
    public TimeSpan? Spent(ThrottleKey key, int limit, TimeSpan window)
    {
        using var lease = counters.AttemptAcquire((key, limit, window), permitCount: 0);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : window;
    }

    public void Dispose() => counters.Dispose();
}

/// <summary>Marks an endpoint that answers 429 <c>rate_limit.exceeded</c> to whoever comes too often.</summary>
internal sealed record RateLimited;

internal static class ThrottleExtensions
{
    public static IServiceCollection AddThrottling(this IServiceCollection services)
    {
        services.AddOptions<RateLimitOptions>().BindConfiguration(RateLimitOptions.Section).ValidateOnStart();
        return services.AddSingleton<IValidateOptions<RateLimitOptions>, RateLimitOptionsValidator>().AddSingleton<Throttle>();
    }

    /// <summary>Limits an endpoint per organization, per network address and per account and address; one that belongs to no organization as a whole.</summary>
    /// <param name="account">Names the account in the request body; null where the call names none.</param>
    public static RouteHandlerBuilder Throttled<TRequest>(
        this RouteHandlerBuilder builder, string call, Func<RateLimitOptions, RateLimit> limit, Func<TRequest, string?>? account = null)
        where TRequest : class =>
        builder.WithMetadata(new RateLimited()).AddEndpointFilter(async (context, next) =>
        {
            var http = context.HttpContext;
            var request = context.Arguments.OfType<TRequest>().FirstOrDefault();
            var refusal = Refuse(http, call, limit(Options(http)), request is null ? null : account?.Invoke(request));
            return refusal is null ? await next(context) : refusal;
        });

    /// <summary>The same for a call that names no account and has no body.</summary>
    public static RouteHandlerBuilder Throttled(this RouteHandlerBuilder builder, string call, Func<RateLimitOptions, RateLimit> limit) =>
        builder.Throttled<object>(call, limit);

    /// <summary>Limits an endpoint of the signed-in member per organization, per network address and per member and address.</summary>
    public static RouteHandlerBuilder ThrottledByMember(this RouteHandlerBuilder builder, string call, Func<RateLimitOptions, RateLimit> limit) =>
        builder.WithMetadata(new RateLimited()).AddEndpointFilter(async (context, next) =>
        {
            var http = context.HttpContext;
            var refusal = Refuse(http, call, limit(Options(http)), http.User.FindFirstValue(TokenClaims.Subject));
            return refusal is null ? await next(context) : refusal;
        });

    private static RateLimitOptions Options(HttpContext http) => http.RequestServices.GetRequiredService<IOptions<RateLimitOptions>>().Value;

    /// <summary>What is counted as one address: an IPv4 address, and of IPv6 the 64 bits that one host or household has all of (RFC 6177).</summary>
    internal static string NetworkOf(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address)
        {
            return "local";
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily != AddressFamily.InterNetworkV6 ? address.ToString() : $"{new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]])}/64";
    }

    private static IResult? Refuse(HttpContext http, string call, RateLimit limit, string? account)
    {
        var throttle = http.RequestServices.GetRequiredService<Throttle>();
        var organization = http.GetMultiTenantContext<Organization>().TenantInfo?.Key ?? Guid.Empty; // what belongs to none is counted together
        var address = NetworkOf(http);
        return Over($"address:{address}", limit.PerAddress)
            ?? (account is null ? null : Over($"account:{Member.Normalize(account)}@{address}", limit.PerAccount))
            ?? Over("all", limit.PerOrganization);

        IResult? Over(string party, int permits) =>
            throttle.Count(new(call, organization, party), permits, limit.Window) is { } wait ? TooMany(http, permits, wait) : null;
    }

    /// <summary>The answer to whoever comes too often.</summary>
    internal static IResult TooMany(HttpContext http, int permits, TimeSpan wait)
    {
        var headers = http.Response.Headers;
        headers["RateLimit-Limit"] = permits.ToString(CultureInfo.InvariantCulture);
        headers["RateLimit-Remaining"] = "0";
        headers["RateLimit-Reset"] = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Problems.TooManyRequests("rate_limit.exceeded", "Too many tries. Wait a little.", wait);
    }
}
