using System.Diagnostics.Metrics;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Http;

/// <summary>Holds the requests of an organization to its pace, and to its share of the database's connections (FAULT-20, SEC-50).</summary>
internal static class FairShare
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>How long a refusal at the door takes. Made at once they are so cheap that who floods a node gets 25,000 a second, which took others more than being served did.</summary>
    private static readonly TimeSpan Refusal = TimeSpan.FromMilliseconds(500);

    public static IServiceCollection AddFairShare(this IServiceCollection services) => services.AddSingleton<FairShareMetrics>().AddSingleton<RequestPace>();

    /// <summary>Goes right behind the resolution of the organization: everything further down may ask the database.</summary>
    /// <remarks>Where so many wait that another one would wait in vain, it is refused here: an exception from the depth of a use case costs more than many a request.</remarks>
    public static IApplicationBuilder UseFairShare(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.GetMultiTenantContext<Organization>().TenantInfo is not { } organization)
        {
            await next(context);
            return;
        }

        var shares = context.RequestServices.GetRequiredService<ConnectionShares>();
        var pace = context.RequestServices.GetRequiredService<RequestPace>();
        var wait = pace.Take(organization.Key);
        if (wait is { } turn && turn > TimeSpan.Zero)
        {
            await Task.Delay(turn, context.RequestAborted);
        }

        if (wait is null || shares.IsFull(organization))
        {
            await Task.Delay(Refusal, context.RequestAborted);
            await Busy(context).ExecuteAsync(context);
            return;
        }

        var share = shares.Enter(organization);
        try
        {
            await next(context);
        }
        finally
        {
            share.Dispose();
            pace.Weigh(organization.Key, share.Held);
        }
    });

    /// <summary>The answer to a request for which there is no connection left.</summary>
    public static ProblemHttpResult Busy(HttpContext context)
    {
        context.RequestServices.GetRequiredService<FairShareMetrics>().Refused(context.GetMultiTenantContext<Organization>().TenantInfo);
        return Problems.Unavailable("organization.busy", "This organization makes more requests than it can be served at once. Try again in a moment.", RetryAfter);
    }
}

/// <summary>What an operator watches of it; the meter is <c>Onboarding.Api</c>.</summary>
internal sealed class FairShareMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string Meter = "Onboarding.Api";

    private readonly Counter<long> refused;

    public FairShareMetrics(IMeterFactory meters) => refused = meters.Create(Meter).CreateCounter<long>(
        "organization.busy", description: "Requests that were refused because their organization made more than it may, or used all the connections that it may have.");

    public void Refused(Organization? organization) => refused.Add(1, new KeyValuePair<string, object?>("organization", organization?.Id));
}
