using System.Text.RegularExpressions;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.AspNetCore.Options;
using Finbuckle.MultiTenant.AspNetCore.Routing;
using Finbuckle.MultiTenant.AspNetCore.Strategies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Finbuckle.MultiTenant.AspNetCore
{
    /// <summary>Resolves the tenant of a request and makes it current for the rest of the pipeline.</summary>
    public class MultiTenantMiddleware(
        RequestDelegate next,
        IOptions<BypassWhenOptions> bypassOptions,
        IOptions<ShortCircuitWhenOptions> shortCircuitOptions)
    {
        private readonly BypassWhenOptions _bypass = bypassOptions.Value;
        private readonly ShortCircuitWhenOptions _shortCircuit = shortCircuitOptions.Value;

        /// <summary>Handles one request.</summary>
        public async Task Invoke(HttpContext context)
        {
            var excluded = context.GetEndpoint()?.Metadata.GetMetadata<IExcludeFromMultiTenantResolutionMetadata>();
            if (_bypass.Predicate?.Invoke(context) == true || excluded is { ExcludeFromResolution: true })
            {
                await next(context);
                return;
            }

            var tenant = await context.RequestServices.GetRequiredService<ITenantResolver>().ResolveAsync(context);
            CurrentTenant.Set(context, tenant);

            if (_shortCircuit.Predicate?.Invoke(tenant) != true)
            {
                await next(context);
            }
            else if (_shortCircuit.RedirectTo is { } redirect)
            {
                context.Response.Redirect(redirect.ToString());
            }
        }
    }

    internal static class CurrentTenant
    {
        /// <summary>Sets it in both places from which it is read: the flow of execution and the request.</summary>
        public static void Set(HttpContext context, IMultiTenantContext tenant)
        {
            context.RequestServices.GetRequiredService<IMultiTenantContextSetter>().MultiTenantContext = tenant;
            context.Items[typeof(IMultiTenantContext)] = tenant;
        }
    }
}

namespace Finbuckle.MultiTenant.AspNetCore.Options
{
    /// <summary>Which requests go on without looking for a tenant.</summary>
    public class BypassWhenOptions
    {
        /// <summary>True: do not look for one. None by default; cannot be set back to null.</summary>
        public Func<HttpContext, bool>? Predicate
        {
            get;
            set
            {
                ArgumentNullException.ThrowIfNull(value);
                field = value;
            }
        }
    }

    /// <summary>Which requests end after looking for a tenant.</summary>
    public class ShortCircuitWhenOptions
    {
        /// <summary>True: end the request here. None by default; cannot be set back to null.</summary>
        public Func<IMultiTenantContext, bool>? Predicate
        {
            get;
            set
            {
                ArgumentNullException.ThrowIfNull(value);
                field = value;
            }
        }

        /// <summary>Where an ended request is sent; null leaves the response as it is, an empty 200.</summary>
        public Uri? RedirectTo { get; set; }
    }
}

namespace Finbuckle.MultiTenant.AspNetCore.Routing
{
    /// <summary>Endpoint metadata that says whether to look for a tenant.</summary>
    public interface IExcludeFromMultiTenantResolutionMetadata
    {
        /// <summary>True: the endpoint has no tenant.</summary>
        bool ExcludeFromResolution { get; }
    }

    /// <summary>Marks an endpoint that has no tenant.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Method | AttributeTargets.Delegate)]
    public class ExcludeFromMultiTenantResolutionAttribute : Attribute, IExcludeFromMultiTenantResolutionMetadata
    {
        /// <inheritdoc />
        public bool ExcludeFromResolution => true;
    }
}

namespace Finbuckle.MultiTenant.AspNetCore.Strategies
{
    /// <summary>Takes the identifier from a request header; of several values, the first.</summary>
    public class HeaderStrategy(string headerKey) : IMultiTenantStrategy
    {
        /// <inheritdoc />
        public Task<string?> GetIdentifierAsync(object context) =>
            Task.FromResult((context as HttpContext)?.Request.Headers[headerKey].FirstOrDefault());
    }

    /// <summary>Takes the identifier from the host name, without the port. Case counts, as in the template.</summary>
    /// <remarks>
    /// Between the dots of a template: <c>__tenant__</c> is the identifier, <c>?</c> any one segment, <c>*</c> any number
    /// of segments including none (once only). The template <c>__tenant__</c> alone takes the whole host, dots included.
    /// </remarks>
    public sealed class HostStrategy : IMultiTenantStrategy
    {
        private const string Tenant = "__tenant__";
        private readonly Regex _host;

        /// <summary>Reads hosts of one shape, for instance <c>__tenant__.example.com</c>.</summary>
        /// <exception cref="MultiTenantException">The template is empty or uses a wildcard wrongly.</exception>
        public HostStrategy(string template) => _host = new(
            $"^{(template == Tenant ? "(?<identifier>.+)" : Pattern(template))}$",
            RegexOptions.ExplicitCapture | RegexOptions.Compiled,
            TimeSpan.FromMilliseconds(100));

        /// <inheritdoc />
        public Task<string?> GetIdentifierAsync(object context)
        {
            var match = context is HttpContext { Request.Host: { HasValue: true } host } ? _host.Match(host.Host) : Match.Empty;
            return Task.FromResult(match.Success ? match.Groups["identifier"].Value : null);
        }

        private static string Pattern(string template)
        {
            if (string.IsNullOrWhiteSpace(template))
            {
                throw new MultiTenantException("A host template must not be empty.");
            }

            var segments = template.Trim().Split('.');
            if (segments.Count(segment => segment == "*") > 1
                || segments.Any(segment => segment.Length > 1 && segment.AsSpan().ContainsAny('*', '?')))
            {
                throw new MultiTenantException(
                    "In a host template, \"*\" may stand once, and \"*\" and \"?\" only between dots.");
            }

            // "*" brings its own dots, so that it can also stand for nothing.
            var pattern = "";
            for (var i = 0; i < segments.Length; i++)
            {
                var last = i == segments.Length - 1;
                pattern += segments[i] switch
                {
                    "*" when last => @"(\.[^.]+)*",
                    "*" => @"([^.]+\.)*",
                    "?" => @"[^.]+",
                    var text => Regex.Escape(text).Replace(Tenant, @"(?<identifier>[^.]+)", StringComparison.Ordinal),
                };

                var dotFollows = !last && segments[i] != "*" && !(segments[i + 1] == "*" && i + 1 == segments.Length - 1);
                pattern += dotFollows ? @"\." : "";
            }

            return pattern;
        }
    }
}

namespace Finbuckle.MultiTenant.AspNetCore.Extensions
{
    /// <summary>Puts tenancy into the pipeline.</summary>
    public static class FinbuckleMultiTenantApplicationBuilderExtensions
    {
        /// <summary>Resolves tenants from here on; after routing, so that excluded endpoints are known.</summary>
        public static IApplicationBuilder UseMultiTenant(this IApplicationBuilder builder) =>
            builder.UseMiddleware<MultiTenantMiddleware>();
    }

    /// <summary>Marks endpoints.</summary>
    public static class EndpointConventionBuilderExtensions
    {
        private static readonly ExcludeFromMultiTenantResolutionAttribute Excluded = new();

        /// <summary>The endpoints have no tenant.</summary>
        public static TBuilder ExcludeFromMultiTenantResolution<TBuilder>(this TBuilder builder)
            where TBuilder : IEndpointConventionBuilder =>
            builder.WithMetadata(Excluded);

        /// <summary>The endpoint has no tenant.</summary>
        public static RouteHandlerBuilder ExcludeFromMultiTenantResolution(this RouteHandlerBuilder builder) =>
            builder.WithMetadata(Excluded);
    }

    /// <summary>Reads and sets the tenant of a request.</summary>
    public static class FinbuckleHttpContextExtensions
    {
        /// <summary>The outcome of looking for a tenant; unresolved where nobody looked, never null.</summary>
        public static IMultiTenantContext<TTenantInfo> GetMultiTenantContext<TTenantInfo>(this HttpContext httpContext)
            where TTenantInfo : ITenantInfo
        {
            var key = typeof(IMultiTenantContext);
            var context = httpContext.Items.TryGetValue(key, out var known) ? known : null;
            return (IMultiTenantContext<TTenantInfo>)(
                context ?? (httpContext.Items[key] = new MultiTenantContext<TTenantInfo>(default)));
        }

        /// <summary>The tenant, or null.</summary>
        public static TTenantInfo? GetTenantInfo<TTenantInfo>(this HttpContext httpContext)
            where TTenantInfo : ITenantInfo =>
            httpContext.GetMultiTenantContext<TTenantInfo>().TenantInfo;

        /// <summary>Makes a tenant current from here on, without strategy and store.</summary>
        /// <remarks>Resetting makes scoped services anew, from a scope that nobody disposes.</remarks>
        public static void SetTenantInfo<TTenantInfo>(
            this HttpContext httpContext, TTenantInfo tenantInfo, bool resetServiceProviderScope)
            where TTenantInfo : ITenantInfo
        {
            if (resetServiceProviderScope)
            {
                httpContext.RequestServices = httpContext.RequestServices.CreateScope().ServiceProvider;
            }

            CurrentTenant.Set(httpContext, new MultiTenantContext<TTenantInfo>(tenantInfo));
        }
    }

    /// <summary>Adds strategies that read requests, and says which requests have no tenant.</summary>
    public static class MultiTenantBuilderExtensions
    {
        /// <summary>Takes the identifier from the host name; see <see cref="HostStrategy"/>.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithHostStrategy<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, string template)
            where TTenantInfo : ITenantInfo =>
            string.IsNullOrWhiteSpace(template)
                ? throw new ArgumentException("A host template must not be empty.", nameof(template))
                : builder.WithStrategy<HostStrategy>(ServiceLifetime.Singleton, template);

        /// <summary>Takes the identifier from a request header; see <see cref="HeaderStrategy"/>.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithHeaderStrategy<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, string tenantKey)
            where TTenantInfo : ITenantInfo =>
            builder.WithStrategy<HeaderStrategy>(ServiceLifetime.Singleton, tenantKey);

        /// <summary>Lets requests go on without looking for a tenant.</summary>
        public static MultiTenantBuilder<TTenantInfo> BypassWhen<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, Action<BypassWhenOptions> configureOption)
            where TTenantInfo : ITenantInfo
        {
            builder.Services.Configure(configureOption);
            return builder;
        }

        /// <summary>Ends requests after looking for a tenant.</summary>
        public static MultiTenantBuilder<TTenantInfo> ShortCircuitWhen<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, Action<ShortCircuitWhenOptions> configureOptions)
            where TTenantInfo : ITenantInfo
        {
            builder.Services.Configure(configureOptions);
            return builder;
        }

        /// <summary>Ends requests without a tenant with an empty 200.</summary>
        public static MultiTenantBuilder<TTenantInfo> ShortCircuitWhenTenantNotResolved<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder)
            where TTenantInfo : ITenantInfo =>
            builder.ShortCircuitWhen(options => options.Predicate = context => !context.IsResolved);

        /// <summary>Redirects requests without a tenant.</summary>
        public static MultiTenantBuilder<TTenantInfo> ShortCircuitWhenTenantNotResolved<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, Uri redirectTo)
            where TTenantInfo : ITenantInfo =>
            builder.ShortCircuitWhenTenantNotResolved().ShortCircuitWhen(options => options.RedirectTo = redirectTo);
    }
}
