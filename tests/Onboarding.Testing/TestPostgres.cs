using System.Collections.Concurrent;
using Npgsql;
using Onboarding.Api.Development;

namespace Onboarding.Testing;

/// <summary>A real PostgreSQL for one test assembly, and a database of its own for everybody who asks.</summary>
/// <remarks>Commits are not flushed to the disk: a test kills servers, never the machine.</remarks>
public sealed class TestPostgres : IAsyncDisposable
{
    private readonly ConcurrentBag<TestDatabase> databases = [];
    private int created;

    private TestPostgres(PrivatePostgres server) => Server = server;

    /// <summary>The server; fault tests restart it.</summary>
    public PrivatePostgres Server { get; }

    /// <summary>Starts a fresh cluster in a temporary folder.</summary>
    /// <param name="settings">Further settings of <c>postgresql.conf</c>.</param>
    /// <param name="folder">Where the cluster's folder is made; null for memory, where there is enough.</param>
    public static async Task<TestPostgres> StartAsync(IReadOnlyDictionary<string, string>? settings = null, string? folder = null) => new(await PrivatePostgres.StartAsync(new PrivatePostgresOptions
    {
        Directory = Path.Combine(folder ?? Folder(), $"onboarding-test-{Environment.ProcessId}-{Path.GetRandomFileName()}"),
        Durable = false,
        MaxConnections = 300,
        Settings = settings ?? new Dictionary<string, string> { ["shared_buffers"] = "512MB", ["max_wal_size"] = "4GB", ["wal_level"] = "minimal", ["max_wal_senders"] = "0" },
    }));

    // A thousand organizations are a hundred thousand files: where memory allows it they never reach a disk.
    private static string Folder()
    {
        const string Memory = "/dev/shm";
        const long Enough = 8L << 30;
        return Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > Enough && GC.GetGCMemoryInfo().TotalAvailableMemoryBytes > 2 * Enough
            ? Memory
            : Path.GetTempPath();
    }

    /// <summary>An empty database and the two logins to it.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref created)}";
        await using var dataSource = NpgsqlDataSource.Create(Server.SuperuserConnectionString);
        await using var create = dataSource.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync();
        var owner = new NpgsqlConnectionStringBuilder(Server.SuperuserConnectionString) { Database = name };
        var application = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = "onboarding_app", Password = "test-only" };
        var database = new TestDatabase(name, owner.ConnectionString, application.ConnectionString);
        databases.Add(database);
        return database;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var database in databases)
        {
            await database.DisposeAsync();
        }

        NpgsqlConnection.ClearAllPools();
        await Server.DisposeAsync();
        try
        {
            Directory.Delete(Server.Directory, recursive: true);
        }
        catch (IOException)
        {
            // The folder is temporary anyway.
        }
    }
}

/// <summary>A database of a <see cref="TestPostgres"/>.</summary>
public sealed class TestDatabase(string name, string ownerConnectionString, string applicationConnectionString) : IAsyncDisposable
{
    /// <summary>Its name on the server.</summary>
    public string Name { get; } = name;

    /// <summary>The owner's login, a superuser here: it sees everything.</summary>
    public string OwnerConnectionString { get; } = ownerConnectionString;

    /// <summary>The application's login.</summary>
    public string ApplicationConnectionString { get; } = applicationConnectionString;

    /// <summary>The owner's connections, one pool for all tests; the product has its own.</summary>
    public NpgsqlDataSource Owner { get; } = Open(ownerConnectionString);

    /// <summary>Runs SQL as the owner; returns the first column of all rows.</summary>
    /// <param name="schema">The search path; null for the default.</param>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, string? schema = null)
    {
        await using var command = Owner.CreateCommand(schema is null ? sql : $"SELECT set_config('search_path', '{schema}', false); {sql}");
        await using var reader = await command.ExecuteReaderAsync();
        if (schema is not null)
        {
            await reader.NextResultAsync();
        }

        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetFieldValue<T>(0));
        }

        return rows;
    }

    /// <summary>What waits in the work queue falls due.</summary>
    /// <param name="where">Which of it; a condition on <c>platform.work</c>.</param>
    /// <remarks>What a worker is just finishing is passed over. Waiting for it in an order that is not its own would be a deadlock.</remarks>
    public async Task FallDueAsync(string where)
    {
        await using var command = Owner.CreateCommand(
            $"UPDATE platform.work SET due_at = now() WHERE id IN (SELECT id FROM platform.work WHERE due_at > now() AND {where} FOR UPDATE SKIP LOCKED)");
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Owner.DisposeAsync();

    private static NpgsqlDataSource Open(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);

        // PostgreSQL's own types do; asking for others takes a tenth of a second with some hundred organizations.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }
}
