using Npgsql;
using Onboarding.Api.Development;

namespace Onboarding.Testing;

/// <summary>A real PostgreSQL for one test assembly, and a database of its own for everybody who asks.</summary>
/// <remarks>Commits are not flushed to the disk: a test kills servers, never the machine.</remarks>
public sealed class TestPostgres : IAsyncDisposable
{
    private int databases;

    private TestPostgres(PrivatePostgres server) => Server = server;

    /// <summary>The server; fault tests restart it.</summary>
    public PrivatePostgres Server { get; }

    /// <summary>Starts a fresh cluster in a temporary folder.</summary>
    /// <param name="settings">Further settings of <c>postgresql.conf</c>.</param>
    public static async Task<TestPostgres> StartAsync(IReadOnlyDictionary<string, string>? settings = null) => new(await PrivatePostgres.StartAsync(new PrivatePostgresOptions
    {
        Directory = Path.Combine(Path.GetTempPath(), $"onboarding-test-{Environment.ProcessId}-{Path.GetRandomFileName()}"),
        Durable = false,
        MaxConnections = 300,
        Settings = settings ?? new Dictionary<string, string>(),
    }));

    /// <summary>An empty database and the two logins to it.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await using var dataSource = NpgsqlDataSource.Create(Server.SuperuserConnectionString);
        await using var create = dataSource.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync();
        var owner = new NpgsqlConnectionStringBuilder(Server.SuperuserConnectionString) { Database = name };
        var application = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = "onboarding_app", Password = "test-only" };
        return new(name, owner.ConnectionString, application.ConnectionString);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
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
/// <param name="OwnerConnectionString">The owner's login, a superuser here: it sees everything.</param>
/// <param name="ApplicationConnectionString">The application's login.</param>
public sealed record TestDatabase(string Name, string OwnerConnectionString, string ApplicationConnectionString);
