using Npgsql;

namespace Onboarding.Tenancy.Data;

/// <summary>Makes the two data sources: one small pool for all organizations, and one for the owner's rare work.</summary>
internal static class DataSources
{
    private static readonly int PoolSize = 4 * Environment.ProcessorCount;

    /// <summary>The application's pool. Anything that the connection string says itself wins.</summary>
    public static NpgsqlDataSource ForApplication(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);

        // Settings are transaction-local, so there is nothing to reset, and the reset costs a tenth (PERF-1).
        Default(settings, "No Reset On Close", true);
        Default(settings, "Max Auto Prepare", 50);
        Default(settings, "Maximum Pool Size", PoolSize);

        // Every backend keeps about 24 KiB per table it has touched, so connections are recycled.
        Default(settings, "Connection Lifetime", 900);
        Default(settings, "Application Name", "onboarding");
        return Build(settings);
    }

    /// <summary>How many connections the application's pool has by this connection string.</summary>
    public static int PoolSizeOf(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Default(settings, "Maximum Pool Size", PoolSize);
        return settings.MaxPoolSize;
    }

    /// <summary>The owner's pool.</summary>
    public static NpgsqlDataSource ForOwner(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Default(settings, "Maximum Pool Size", PoolSize);
        Default(settings, "Application Name", "onboarding-owner");
        return Build(settings);
    }

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);

        // All types in use are PostgreSQL's own, and Npgsql knows those. Asking for others reads all of pg_class and pg_type:
        // 100 ms with 600 organizations, and still 75 ms if told to leave their schemas out.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    private static void Default(NpgsqlConnectionStringBuilder settings, string key, object value)
    {
        if (!settings.ShouldSerialize(key))
        {
            settings[key] = value;
        }
    }
}

/// <summary>The owner's data source: provisions and migrates, serves no request.</summary>
public sealed class OwnerDataSource(string? connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource? dataSource = string.IsNullOrWhiteSpace(connectionString) ? null : DataSources.ForOwner(connectionString);

    /// <summary>The pool.</summary>
    /// <exception cref="InvalidOperationException">This node has no owner's login.</exception>
    public NpgsqlDataSource Value => dataSource
        ?? throw new InvalidOperationException("Database:OwnerConnectionString is missing: provisioning and migrating need the owner's PostgreSQL login.");

    /// <summary>Whether this node may provision and migrate.</summary>
    public bool IsConfigured => dataSource is not null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => dataSource?.DisposeAsync() ?? ValueTask.CompletedTask;
}
