using Finbuckle.MultiTenant.Abstractions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Finbuckle.MultiTenant
{
    /// <summary>Collects the strategies and stores of an application; both are asked in the order of registration.</summary>
    public class MultiTenantBuilder<TTenantInfo>(IServiceCollection services)
        where TTenantInfo : ITenantInfo
    {
        /// <summary>Where strategies and stores are registered.</summary>
        public IServiceCollection Services { get; set; } = services;

        /// <summary>Adds a store.</summary>
        public MultiTenantBuilder<TTenantInfo> WithStore<TStore>(ServiceLifetime lifetime, Func<IServiceProvider, TStore> factory)
            where TStore : IMultiTenantStore<TTenantInfo>
        {
            Services.Add(ServiceDescriptor.Describe(typeof(IMultiTenantStore<TTenantInfo>), provider => factory(provider), lifetime));
            return this;
        }

        /// <summary>Adds a strategy.</summary>
        public MultiTenantBuilder<TTenantInfo> WithStrategy<TStrategy>(ServiceLifetime lifetime, Func<IServiceProvider, TStrategy> factory)
            where TStrategy : IMultiTenantStrategy
        {
            Services.Add(ServiceDescriptor.Describe(typeof(IMultiTenantStrategy), provider => factory(provider), lifetime));
            return this;
        }
    }

    /// <summary>Asks each strategy for an identifier and each store for its tenant, until one is found.</summary>
    /// <remarks>
    /// A strategy that throws ends the search with a <see cref="MultiTenantException"/>. A store that throws is logged
    /// and counts as one that does not know the identifier: an outage of the store looks like an unknown tenant.
    /// </remarks>
    internal sealed partial class TenantResolver<TTenantInfo>(
        IEnumerable<IMultiTenantStrategy> strategies, IEnumerable<IMultiTenantStore<TTenantInfo>> stores, ILogger<TenantResolver<TTenantInfo>> logger)
        : ITenantResolver
        where TTenantInfo : ITenantInfo
    {
        public async Task<IMultiTenantContext> ResolveAsync(object context)
        {
            foreach (var strategy in strategies)
            {
                if (await AskAsync(strategy, context).ConfigureAwait(false) is not { } identifier)
                {
                    continue;
                }

                foreach (var store in stores)
                {
                    if (await AskAsync(store, identifier).ConfigureAwait(false) is { } tenant)
                    {
                        return new MultiTenantContext<TTenantInfo>(tenant);
                    }
                }
            }

            return new MultiTenantContext<TTenantInfo>(default);
        }

        private static async Task<string?> AskAsync(IMultiTenantStrategy strategy, object context)
        {
            try
            {
                return await strategy.GetIdentifierAsync(context).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                throw new MultiTenantException($"{strategy.GetType()} failed to look for a tenant identifier.", exception);
            }
        }

        private async Task<TTenantInfo?> AskAsync(IMultiTenantStore<TTenantInfo> store, string identifier)
        {
            try
            {
                return await store.GetByIdentifierAsync(identifier).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                LogStoreFailed(exception);
                return default;
            }
        }

        [LoggerMessage(LogLevel.Error, "The store threw while looking for a tenant; taken as unknown.")]
        private partial void LogStoreFailed(Exception exception);
    }

    internal sealed class DelegateStrategy(Func<object, Task<string?>> doStrategy) : IMultiTenantStrategy
    {
        public Task<string?> GetIdentifierAsync(object context) => doStrategy(context);
    }

    /// <summary>Keeps the tenant in the execution context: every instance of one tenant type sees the same value.</summary>
    internal sealed class AsyncLocalAccessor<TTenantInfo> : IMultiTenantContextSetter, IMultiTenantContextAccessor<TTenantInfo>
        where TTenantInfo : ITenantInfo
    {
        private static readonly AsyncLocal<IMultiTenantContext<TTenantInfo>?> Current = new();

        public IMultiTenantContext<TTenantInfo> MultiTenantContext => Current.Value ??= new MultiTenantContext<TTenantInfo>(default);

        IMultiTenantContext IMultiTenantContextSetter.MultiTenantContext
        {
            set => Current.Value = (IMultiTenantContext<TTenantInfo>?)value;
        }
    }
}

namespace Finbuckle.MultiTenant.Extensions
{
    /// <summary>Registers tenancy.</summary>
    public static class ServiceCollectionExtensions
    {
        /// <summary>Registers resolver (scoped), accessor and setter (singletons), without strategies or stores.</summary>
        public static MultiTenantBuilder<TTenantInfo> AddMultiTenant<TTenantInfo>(this IServiceCollection services)
            where TTenantInfo : ITenantInfo
        {
            services.AddScoped<ITenantResolver, TenantResolver<TTenantInfo>>();
            services.AddSingleton<IMultiTenantContextAccessor<TTenantInfo>, AsyncLocalAccessor<TTenantInfo>>();
            services.AddSingleton<IMultiTenantContextSetter, AsyncLocalAccessor<TTenantInfo>>();
            return new(services);
        }
    }

    /// <summary>Adds strategies that need no web server.</summary>
    public static class MultiTenantBuilderExtensions
    {
        /// <summary>Asks a delegate, but only about a <typeparamref name="TContext"/>.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithDelegateStrategy<TContext, TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, Func<TContext, Task<string?>> doStrategy)
            where TTenantInfo : ITenantInfo =>
            builder.WithStrategy(ServiceLifetime.Singleton, _ => new DelegateStrategy(
                context => context is TContext known ? doStrategy(known) : Task.FromResult<string?>(null)));
    }
}
