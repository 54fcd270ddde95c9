using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.FeatureManagement;
using Npgsql;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Stripe;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;

namespace Onboarding.Billing;

/// <summary>Registers plans, subscriptions and what they are sold by.</summary>
public static class BillingServices
{
    /// <summary>Adds billing. Whoever adds it runs <see cref="CustomerSync"/> over what is due, and <see cref="Reconciliation"/> from time to time.</summary>
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddOptions<BillingOptions>().BindConfiguration(BillingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<StripeOptions>().BindConfiguration(StripeOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<BillingOptions>, BillingOptionsValidator>();
        services.AddSingleton<PlanCatalogue>();
        services.AddSingleton<Entitlements>();

        // Scoped, as the organization is; and never the snapshot, which remembers an answer whomever it is asked about.
        services.AddSingleton<IFeatureDefinitionProvider, CatalogueFeatures>();
        services.AddScopedFeatureManagement().AddFeatureFilter<PlanFilter>();

        services.AddPooledDbContextFactory<BillingDbContext>((provider, options) => options
            .UseShares(provider)
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>(), npgsql => npgsql.RetryOnce(provider)));
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<BillingDbContext>>().CreateDbContext());
        services.AddSingleton<ISharedSchema, BillingSchema>();
        services.AddSingleton<StripeCalls>();
        services.AddSingleton<StripeCallbacks>();
        services.AddSingleton<IBillingProvider, StripeBilling>();
        services.AddSingleton<BillingProviders>();
        services.AddSingleton<BillingMetrics>();
        services.AddSingleton<CallbackInbox>();
        services.AddSingleton<CustomerLinks>();
        services.AddSingleton<SyncRequests>();
        services.AddSingleton<ApplySnapshot>();
        services.AddSingleton<CustomerSync>();
        services.AddSingleton<Reconciliation>();
        return services;
    }
}
