using System.Data.Common;
using Finbuckle.MultiTenant;
using Finbuckle.MultiTenant.Abstractions;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy;

/// <summary>Registers the organization and all inside its schema.</summary>
public static class TenancyServices
{
    /// <summary>Adds tenancy. The caller adds to the result the strategies by which a request names its organization.</summary>
    public static MultiTenantBuilder<Organization> AddTenancy(this IServiceCollection services)
    {
        services.AddOptions<TenancyOptions>().BindConfiguration(TenancyOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DatabaseOptions>().BindConfiguration(DatabaseOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ExportOptions>().BindConfiguration(ExportOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<FairnessOptions>().BindConfiguration(FairnessOptions.Section).ValidateDataAnnotations().ValidateOnStart()
            .Validate<IConfiguration>(
                (fairness, configuration) => configuration[$"{DatabaseOptions.Section}:ConnectionString"] is not { Length: > 0 } database || ConnectionShares.Fits(fairness, DataSources.PoolSizeOf(database)),
                "Fairness:ConnectionsPerOrganization must leave a connection of the pool to the other organizations.");
        services.TryAddSingleton(TimeProvider.System);
        services.AddHybridCache();

        services.AddSingleton(provider => DataSources.ForApplication(Database(provider).ConnectionString));
        services.AddSingleton<DbDataSource>(provider => provider.GetRequiredService<NpgsqlDataSource>());
        services.AddSingleton(provider => new OwnerDataSource(Database(provider).OwnerConnectionString));
        services.AddSingleton(provider => new ApplicationRole(Database(provider).ConnectionString));
        services.AddSingleton(provider => new ConnectionShares(
            provider.GetRequiredService<IOptions<FairnessOptions>>().Value, DataSources.PoolSizeOf(Database(provider).ConnectionString)));
        services.AddSingleton<ShareInterceptor>();
        AddTenantDbContext(services);
        services.AddPooledDbContextFactory<PlatformDbContext>((provider, options) => options.UsePlatform(provider));
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContext());

        services.AddSingleton<WorkSignal>();
        services.AddSingleton<WorkQueue>();
        services.AddSingleton<PlatformEmailQueue>();
        services.AddSingleton<WebhookAttemptPartitions>();
        services.AddSingleton<AuditChain>();
        services.AddSingleton<ClusterSignals>();
        services.AddSingleton<TenantScope>();
        services.AddSingleton<TenantSurvey>();
        services.AddSingleton<PreparePlatform>();
        services.AddSingleton(provider =>
        {
            using var db = provider.GetRequiredService<IDbContextFactory<TenantDbContext>>().CreateDbContext();
            return TenantSchema.FromMigrations(db);
        });
        services.AddSingleton<ProvisionOrganization>();
        services.AddSingleton<FoundOrganization>();
        services.AddSingleton<CustomDomains>();
        services.AddSingleton<MigrateOrganizations>();
        services.AddSingleton<LeaveOrganization>();
        services.AddSingleton<RemoveOrganization>();
        services.AddSingleton<GovernOrganization>();
        services.AddSingleton<ExportOrganization>();
        services.AddSingleton<ImportOrganization>();
        services.AddSingleton<CachedOrganizationStore>();
        services.AddScoped<PublishSettings>();

        return services.AddMultiTenant<Organization>()
            .WithStore(ServiceLifetime.Singleton, provider => provider.GetRequiredService<CachedOrganizationStore>());
    }

    private static void AddTenantDbContext(IServiceCollection services)
    {
        services.AddSingleton<CommitOutcome>();
        services.AddSingleton<TenantCommandInterceptor>();
        services.AddSingleton<TransactionInterceptor>();
        services.AddPooledDbContextFactory<TenantDbContext>((provider, options) => options
            .UseTenant(provider.GetRequiredService<NpgsqlDataSource>())
            .UseShares(provider)
            .AddInterceptors(
                provider.GetRequiredService<TenantCommandInterceptor>(),
                provider.GetRequiredService<TransactionInterceptor>()));

        // The organization is set at each lease, from the scope's own context; a lease without one can run no SQL.
        services.AddScoped(provider =>
        {
            var db = provider.GetRequiredService<IDbContextFactory<TenantDbContext>>().CreateDbContext();
            db.Organization = provider.GetRequiredService<IMultiTenantContextAccessor<Organization>>().MultiTenantContext.TenantInfo;
            db.WorkSignal = provider.GetRequiredService<WorkSignal>();
            db.Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
            return db;
        });
    }

    private static DatabaseOptions Database(IServiceProvider provider) => provider.GetRequiredService<IOptions<DatabaseOptions>>().Value;
}
