using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.AspNetCore.Routing;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Finbuckle.MultiTenant.AspNetCore.Routing
{
    /// <summary>Endpoint metadata that says whether to look for a tenant.</summary>
    public interface IExcludeFromMultiTenantResolutionMetadata
    {
        /// <summary>True: the endpoint has no tenant.</summary>
        bool ExcludeFromResolution { get; }
    }

    internal sealed class Excluded : IExcludeFromMultiTenantResolutionMetadata
    {
        public bool ExcludeFromResolution => true;
    }
}

namespace Finbuckle.MultiTenant.AspNetCore.Extensions
{
    /// <summary>Puts tenancy into the pipeline.</summary>
    public static class FinbuckleMultiTenantApplicationBuilderExtensions
    {
        /// <summary>Resolves tenants from here on; after routing, so that excluded endpoints are known.</summary>
        public static IApplicationBuilder UseMultiTenant(this IApplicationBuilder builder) => builder.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<IExcludeFromMultiTenantResolutionMetadata>() is not { ExcludeFromResolution: true })
            {
                context.SetContext(await context.RequestServices.GetRequiredService<ITenantResolver>().ResolveAsync(context));
            }

            await next(context);
        });
    }

    /// <summary>Marks endpoints.</summary>
    public static class EndpointConventionBuilderExtensions
    {
        /// <summary>The endpoints have no tenant.</summary>
        public static TBuilder ExcludeFromMultiTenantResolution<TBuilder>(this TBuilder builder)
            where TBuilder : IEndpointConventionBuilder =>
            builder.WithMetadata(new Excluded());
    }

    /// <summary>Reads and sets the tenant of a request.</summary>
    public static class FinbuckleHttpContextExtensions
    {
        /// <summary>The outcome of looking for a tenant; unresolved where nobody looked, never null.</summary>
        public static IMultiTenantContext<TTenantInfo> GetMultiTenantContext<TTenantInfo>(this HttpContext httpContext)
            where TTenantInfo : ITenantInfo
        {
            var context = httpContext.Items[typeof(IMultiTenantContext)] ??= new MultiTenantContext<TTenantInfo>(default);
            return (IMultiTenantContext<TTenantInfo>)context;
        }

        /// <summary>The tenant, or null.</summary>
        public static TTenantInfo? GetTenantInfo<TTenantInfo>(this HttpContext httpContext)
            where TTenantInfo : ITenantInfo =>
            httpContext.GetMultiTenantContext<TTenantInfo>().TenantInfo;

        /// <summary>Makes a tenant current from here on; a reset makes scoped services anew, from a scope that nobody disposes.</summary>
        public static void SetTenantInfo<TTenantInfo>(this HttpContext httpContext, TTenantInfo tenantInfo, bool resetServiceProviderScope)
            where TTenantInfo : ITenantInfo
        {
            if (resetServiceProviderScope)
            {
                httpContext.RequestServices = httpContext.RequestServices.CreateScope().ServiceProvider;
            }

            httpContext.SetContext(new MultiTenantContext<TTenantInfo>(tenantInfo));
        }

        /// <summary>In both places from which it is read: the flow of execution and the request.</summary>
        internal static void SetContext(this HttpContext httpContext, IMultiTenantContext context)
        {
            httpContext.RequestServices.GetRequiredService<IMultiTenantContextSetter>().MultiTenantContext = context;
            httpContext.Items[typeof(IMultiTenantContext)] = context;
        }
    }

    /// <summary>Adds strategies that read requests.</summary>
    public static class MultiTenantBuilderExtensions
    {
        private const string Placeholder = "__tenant__";

        /// <summary>Takes one label of the host name, without the port: that in the place of <c>__tenant__</c>. Case counts.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithHostStrategy<TTenantInfo>(this MultiTenantBuilder<TTenantInfo> builder, string template)
            where TTenantInfo : ITenantInfo
        {
            if (template.Split(Placeholder) is not [var before, var after] || template == Placeholder || template.AsSpan().ContainsAny('*', '?'))
            {
                throw new ArgumentException($"A host template is {Placeholder} within a host name; the package's wildcards are not supported here.", nameof(template));
            }

            return builder.WithDelegateStrategy<HttpContext, TTenantInfo>(context => Task.FromResult(LabelOf(context.Request.Host.Host, before, after)));
        }

        /// <summary>Takes the identifier from a request header; of several values, the first.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithHeaderStrategy<TTenantInfo>(this MultiTenantBuilder<TTenantInfo> builder, string tenantKey)
            where TTenantInfo : ITenantInfo =>
            builder.WithDelegateStrategy<HttpContext, TTenantInfo>(context => Task.FromResult(context.Request.Headers[tenantKey].FirstOrDefault()));

        private static string? LabelOf(string host, string before, string after)
        {
            if (host.Length <= before.Length + after.Length || !host.StartsWith(before, StringComparison.Ordinal) || !host.EndsWith(after, StringComparison.Ordinal))
            {
                return null;
            }

            var label = host[before.Length..^after.Length];
            return label.Contains('.', StringComparison.Ordinal) ? null : label;
        }
    }
}
