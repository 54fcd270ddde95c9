using System.Diagnostics;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;

namespace Onboarding.Api.Setup;

/// <summary>What every request passes, in this order.</summary>
internal static class Pipeline
{
    /// <summary>JSON bodies of this contract are small; what is larger is no request of ours (SEC-50).</summary>
    private const long MaxBody = 64 * 1024;

    public static void LimitRequests(this WebApplicationBuilder builder) => builder.WebHost.ConfigureKestrel(server =>
    {
        server.AddServerHeader = false;
        server.Limits.MaxRequestBodySize = MaxBody;
        server.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    });

    public static void UsePipeline(this WebApplication app)
    {
        UseTrustedProxies(app);
        app.Use(NameRequestAsync);
        app.UseProblems();
        UseSecurityHeaders(app);
        app.UseStrictRequests();
        app.UseSwaggerPages();
        app.UseRouting();
        app.UseRouteProblems();
        app.UseTenantResolution();
        app.UseFairShare();
        app.UseAuthentication();
        app.UseTenantAgreement();
        app.UseSuspension();
        app.UseApiKeyLimits();
        app.UseRequiredMfa();
        app.UseAuthorization();
        app.UseActingSuperAdmin();
    }

    // Only from proxies that were named: anybody can send these headers (SEC-2, SEC-47).
    private static void UseTrustedProxies(WebApplication app)
    {
        var web = app.Services.GetRequiredService<IOptions<WebOptions>>().Value;
        if (web.TrustedProxies.Count == 0)
        {
            return;
        }

        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in web.TrustedProxies)
        {
            options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(network));
        }

        app.UseForwardedHeaders(options);
    }

    // At the last moment: what handles exceptions takes off all headers that were set before.
    private static Task NameRequestAsync(HttpContext context, RequestDelegate next)
    {
        var id = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
        context.Response.OnStarting(() =>
        {
            context.Response.Headers["X-Request-Id"] = id;
            return Task.CompletedTask;
        });
        return next(context);
    }

    private static void UseSecurityHeaders(WebApplication app)
    {
        var api = new HeaderPolicyCollection()
            .AddDefaultApiSecurityHeaders();
        if (!app.Environment.IsDevelopment())
        {
            api.AddStrictTransportSecurityMaxAgeIncludeSubDomains();
        }

        // Swagger's page and the mailbox bring scripts and styles of their own; the mailbox sets a policy itself.
        app.UseWhen(
            context => !context.Request.Path.StartsWithSegments("/swagger") && !context.Request.Path.StartsWithSegments("/dev"),
            branch => branch.UseSecurityHeaders(api).Use(KeepOutOfCachesAsync));
    }

    // Unless an endpoint says otherwise, as that of the public keys does.
    private static Task KeepOutOfCachesAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(() =>
        {
            if (context.Response.Headers.CacheControl.Count == 0)
            {
                context.Response.Headers.CacheControl = "no-store";
            }

            return Task.CompletedTask;
        });
        return next(context);
    }
}
