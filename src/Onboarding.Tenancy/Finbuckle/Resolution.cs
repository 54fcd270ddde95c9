using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.Strategies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Finbuckle.MultiTenant
{
    /// <summary>Collects the strategies and stores of an application.</summary>
    public class MultiTenantBuilder<TTenantInfo>(IServiceCollection services)
        where TTenantInfo : ITenantInfo
    {
        /// <summary>Where strategies and stores are registered.</summary>
        public IServiceCollection Services { get; set; } = services;

        /// <summary>Adds a store; stores are asked in the order in which they were added.</summary>
        public MultiTenantBuilder<TTenantInfo> WithStore<TStore>(ServiceLifetime lifetime, params object[] parameters)
            where TStore : IMultiTenantStore<TTenantInfo> =>
            WithStore(lifetime, provider => ActivatorUtilities.CreateInstance<TStore>(provider, parameters));

        /// <summary>Adds a store; stores are asked in the order in which they were added.</summary>
        public MultiTenantBuilder<TTenantInfo> WithStore<TStore>(
            ServiceLifetime lifetime, Func<IServiceProvider, TStore> factory)
            where TStore : IMultiTenantStore<TTenantInfo>
        {
            ArgumentNullException.ThrowIfNull(factory);
            return With(typeof(IMultiTenantStore<TTenantInfo>), provider => factory(provider), lifetime);
        }

        /// <summary>Adds a strategy; see <see cref="IMultiTenantStrategy.Priority"/> for the order.</summary>
        public MultiTenantBuilder<TTenantInfo> WithStrategy<TStrategy>(
            ServiceLifetime lifetime, params object[] parameters)
            where TStrategy : IMultiTenantStrategy =>
            WithStrategy(lifetime, provider => ActivatorUtilities.CreateInstance<TStrategy>(provider, parameters));

        /// <summary>Adds a strategy; see <see cref="IMultiTenantStrategy.Priority"/> for the order.</summary>
        public MultiTenantBuilder<TTenantInfo> WithStrategy<TStrategy>(
            ServiceLifetime lifetime, Func<IServiceProvider, TStrategy> factory)
            where TStrategy : IMultiTenantStrategy
        {
            ArgumentNullException.ThrowIfNull(factory);
            return With(typeof(IMultiTenantStrategy), provider => factory(provider), lifetime);
        }

        private MultiTenantBuilder<TTenantInfo> With(
            Type service, Func<IServiceProvider, object> factory, ServiceLifetime lifetime)
        {
            Services.Add(ServiceDescriptor.Describe(service, factory, lifetime));
            return this;
        }
    }

    /// <summary>How tenants are looked for.</summary>
    public class MultiTenantOptions<TTenantInfo>
        where TTenantInfo : ITenantInfo
    {
        /// <summary>The tenant type; AddMultiTenant sets it.</summary>
        public required Type TenantInfoType { get; set; }

        /// <summary>Identifiers that no tenant may have, whatever their case; the next strategy is asked instead.</summary>
        public IList<string> IgnoredIdentifiers { get; set; } = [];

        /// <summary>Called while a tenant is looked for.</summary>
        public MultiTenantEvents<TTenantInfo> Events { get; set; } = new();
    }

    /// <summary>Called while a tenant is looked for. What they throw is not caught.</summary>
    public class MultiTenantEvents<TTenantInfo>
        where TTenantInfo : ITenantInfo
    {
        /// <summary>After each strategy, whether it found something or not.</summary>
        public Func<StrategyResolveCompletedContext, Task> OnStrategyResolveCompleted { get; set; } =
            _ => Task.CompletedTask;

        /// <summary>After each store, whether it knew the identifier or not.</summary>
        public Func<StoreResolveCompletedContext<TTenantInfo>, Task> OnStoreResolveCompleted { get; set; } =
            _ => Task.CompletedTask;

        /// <summary>Once at the end, resolved or not.</summary>
        public Func<TenantResolveCompletedContext<TTenantInfo>, Task> OnTenantResolveCompleted { get; set; } =
            _ => Task.CompletedTask;
    }

    /// <summary>What one strategy answered.</summary>
    public class StrategyResolveCompletedContext
    {
        /// <summary>What the strategy looked at.</summary>
        public object? Context { get; set; }

        /// <summary>The strategy.</summary>
        public required IMultiTenantStrategy Strategy { get; init; }

        /// <summary>Its answer; a handler may replace it.</summary>
        public string? Identifier { get; set; }

        /// <summary>True when there is an identifier.</summary>
        public bool IdentifierFound => Identifier is not null;
    }

    /// <summary>What one store answered.</summary>
    public class StoreResolveCompletedContext<TTenantInfo>
        where TTenantInfo : ITenantInfo
    {
        /// <summary>What the strategy looked at.</summary>
        public object? Context { get; set; }

        /// <summary>The store.</summary>
        public required IMultiTenantStore<TTenantInfo> Store { get; init; }

        /// <summary>The strategy that found the identifier.</summary>
        public required IMultiTenantStrategy Strategy { get; init; }

        /// <summary>What the store was asked for.</summary>
        public required string Identifier { get; init; }

        /// <summary>Its answer; a handler may replace it.</summary>
        public TTenantInfo? TenantInfo { get; set; }

        /// <summary>True when there is a tenant.</summary>
        public bool TenantFound => TenantInfo is not null;
    }

    /// <summary>What came of it in the end.</summary>
    public record TenantResolveCompletedContext<TTenantInfo>
        where TTenantInfo : ITenantInfo
    {
        /// <summary>The outcome; a handler may replace it.</summary>
        public required MultiTenantContext<TTenantInfo> MultiTenantContext { get; set; }

        /// <summary>What the strategies looked at.</summary>
        public required object Context { get; init; }

        /// <summary>True when there is a tenant.</summary>
        public bool IsResolved => MultiTenantContext.IsResolved;
    }

    /// <summary>Asks each strategy for an identifier and each store for its tenant, until one is found.</summary>
    /// <remarks>
    /// A strategy that throws ends the search with a <see cref="MultiTenantException"/>. A store that throws is logged
    /// and counts as one that does not know the identifier: an outage of the store looks like an unknown tenant.
    /// </remarks>
    public partial class TenantResolver<TTenantInfo>(
        IEnumerable<IMultiTenantStrategy> strategies,
        IEnumerable<IMultiTenantStore<TTenantInfo>> stores,
        IOptionsMonitor<MultiTenantOptions<TTenantInfo>> options,
        ILoggerFactory? loggerFactory)
        : ITenantResolver<TTenantInfo>
        where TTenantInfo : ITenantInfo
    {
        /// <summary>Without a log.</summary>
        public TenantResolver(
            IEnumerable<IMultiTenantStrategy> strategies,
            IEnumerable<IMultiTenantStore<TTenantInfo>> stores,
            IOptionsMonitor<MultiTenantOptions<TTenantInfo>> options)
            : this(strategies, stores, options, null)
        {
        }

        /// <inheritdoc />
        public IEnumerable<IMultiTenantStrategy> Strategies { get; set; } =
            strategies.OrderByDescending(strategy => strategy.Priority);

        /// <inheritdoc />
        public IEnumerable<IMultiTenantStore<TTenantInfo>> Stores { get; set; } = stores;

        private MultiTenantEvents<TTenantInfo> Events => options.CurrentValue.Events;

        /// <inheritdoc />
        public async Task<IMultiTenantContext<TTenantInfo>> ResolveAsync(object context)
        {
            var completed = new TenantResolveCompletedContext<TTenantInfo>
            {
                MultiTenantContext = await SearchAsync(context).ConfigureAwait(false),
                Context = context,
            };
            await Events.OnTenantResolveCompleted(completed).ConfigureAwait(false);
            return completed.MultiTenantContext;
        }

        async Task<IMultiTenantContext> ITenantResolver.ResolveAsync(object context) =>
            await ResolveAsync(context).ConfigureAwait(false);

        private async Task<MultiTenantContext<TTenantInfo>> SearchAsync(object context)
        {
            foreach (var strategy in Strategies)
            {
                if (await AskAsync(strategy, context).ConfigureAwait(false) is not { } identifier)
                {
                    continue;
                }

                foreach (var store in Stores)
                {
                    if (await AskAsync(store, strategy, identifier, context).ConfigureAwait(false) is { } tenant)
                    {
                        return new(tenant, new() { Strategy = strategy }, new() { Store = store });
                    }
                }
            }

            return new(default);
        }

        private async Task<string?> AskAsync(IMultiTenantStrategy strategy, object context)
        {
            string? identifier;
            try
            {
                identifier = await strategy.GetIdentifierAsync(context).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                LogStrategyFailed(LoggerFor(strategy), exception);
                throw new MultiTenantException($"{strategy.GetType()} failed to look for a tenant identifier.", exception);
            }

            var completed = new StrategyResolveCompletedContext
            {
                Context = context,
                Strategy = strategy,
                Identifier = identifier,
            };
            await Events.OnStrategyResolveCompleted(completed).ConfigureAwait(false);

            return options.CurrentValue.IgnoredIdentifiers.Contains(completed.Identifier, StringComparer.OrdinalIgnoreCase)
                ? null
                : completed.Identifier;
        }

        private async Task<TTenantInfo?> AskAsync(
            IMultiTenantStore<TTenantInfo> store, IMultiTenantStrategy strategy, string identifier, object context)
        {
            TTenantInfo? tenant = default;
            try
            {
                tenant = await store.GetByIdentifierAsync(identifier).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                LogStoreFailed(LoggerFor(store), exception);
            }

            var completed = new StoreResolveCompletedContext<TTenantInfo>
            {
                Context = context,
                Store = store,
                Strategy = strategy,
                Identifier = identifier,
                TenantInfo = tenant,
            };
            await Events.OnStoreResolveCompleted(completed).ConfigureAwait(false);
            return completed.TenantInfo;
        }

        private ILogger LoggerFor(object part) => loggerFactory?.CreateLogger(part.GetType()) ?? NullLogger.Instance;

        [LoggerMessage(Level = LogLevel.Error, Message = "The strategy threw while looking for a tenant identifier.")]
        private static partial void LogStrategyFailed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Error, Message = "The store threw while looking for a tenant; taken as unknown.")]
        private static partial void LogStoreFailed(ILogger logger, Exception exception);
    }
}

namespace Finbuckle.MultiTenant.Strategies
{
    /// <summary>Asks a delegate.</summary>
    public class DelegateStrategy : IMultiTenantStrategy
    {
        private readonly Func<object, Task<string?>> _ask;

        /// <summary>Asks <paramref name="doStrategy"/>.</summary>
        public DelegateStrategy(Func<object, Task<string?>> doStrategy)
        {
            ArgumentNullException.ThrowIfNull(doStrategy);
            _ask = doStrategy;
        }

        /// <inheritdoc />
        public Task<string?> GetIdentifierAsync(object context) => _ask(context);
    }
}

namespace Finbuckle.MultiTenant.Extensions
{
    /// <summary>Registers tenancy.</summary>
    public static class ServiceCollectionExtensions
    {
        /// <summary>Registers resolver (scoped), accessor and setter (singletons), without strategies or stores.</summary>
        public static MultiTenantBuilder<TTenantInfo> AddMultiTenant<TTenantInfo>(
            this IServiceCollection services, Action<MultiTenantOptions<TTenantInfo>> config)
            where TTenantInfo : ITenantInfo
        {
            services.AddScoped<ITenantResolver<TTenantInfo>, TenantResolver<TTenantInfo>>();
            services.AddScoped<ITenantResolver>(p => p.GetRequiredService<ITenantResolver<TTenantInfo>>());
            services.AddSingleton<IMultiTenantContextAccessor<TTenantInfo>, AsyncLocalMultiTenantContextAccessor<TTenantInfo>>();
            services.AddSingleton<IMultiTenantContextAccessor>(
                p => p.GetRequiredService<IMultiTenantContextAccessor<TTenantInfo>>());
            services.AddSingleton(
                p => (IMultiTenantContextSetter)p.GetRequiredService<IMultiTenantContextAccessor>());

            services.Configure<MultiTenantOptions<TTenantInfo>>(o => o.TenantInfoType = typeof(TTenantInfo));
            services.Configure(config);
            return new(services);
        }

        /// <summary>The same, with the defaults of <see cref="MultiTenantOptions{TTenantInfo}"/>.</summary>
        public static MultiTenantBuilder<TTenantInfo> AddMultiTenant<TTenantInfo>(this IServiceCollection services)
            where TTenantInfo : ITenantInfo =>
            services.AddMultiTenant<TTenantInfo>(_ => { });
    }

    /// <summary>Adds strategies that need no web server.</summary>
    public static class MultiTenantBuilderExtensions
    {
        /// <summary>Asks a delegate.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithDelegateStrategy<TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, Func<object, Task<string?>> doStrategy)
            where TTenantInfo : ITenantInfo
        {
            ArgumentNullException.ThrowIfNull(doStrategy);
            return builder.WithStrategy<DelegateStrategy>(ServiceLifetime.Singleton, doStrategy);
        }

        /// <summary>Asks a delegate, but only about a <typeparamref name="TContext"/>.</summary>
        public static MultiTenantBuilder<TTenantInfo> WithDelegateStrategy<TContext, TTenantInfo>(
            this MultiTenantBuilder<TTenantInfo> builder, Func<TContext, Task<string?>> doStrategy)
            where TTenantInfo : ITenantInfo
        {
            ArgumentNullException.ThrowIfNull(doStrategy);
            return builder.WithDelegateStrategy(
                context => context is TContext known ? doStrategy(known) : Task.FromResult<string?>(null));
        }
    }
}
