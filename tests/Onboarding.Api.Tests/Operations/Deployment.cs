using Npgsql;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

/// <summary>Tests of what an operator does share one deployment and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class DeploymentCollection : ICollectionFixture<Deployment>
{
    public const string Name = "deployment";
}

/// <summary>The product as an operator has it: an empty database, <c>migrate</c>, and one node in Production.</summary>
public sealed class Deployment(ApiFixture fixture) : IAsyncLifetime
{
    private Dictionary<string, string?> settings = [];
    private NpgsqlDataSource owner = null!;

    /// <summary>Where its mails arrive.</summary>
    public TestSmtpServer Smtp { get; } = TestSmtpServer.Start();

    public ApiProcess Node { get; private set; } = null!;

    /// <summary>Settings with which it would start; for tests that take something away.</summary>
    public Dictionary<string, string?> Settings => new(settings);

    /// <summary>Runs a command of the product, such as <c>organizations list</c>.</summary>
    /// <param name="input">What it reads on standard input.</param>
    public Task<ProcessResult> RunAsync(string command, string? input = null) => ProductCommands.RunAsync(settings, command.Split(' '), input);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = owner.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<string> ScalarAsync(string sql)
    {
        await using var command = owner.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask InitializeAsync()
    {
        var database = await fixture.Postgres.CreateDatabaseAsync();
        settings = TestApp.SettingsFor(database, Smtp);
        owner = database.Owner;
        var migrated = await ApiProcess.RunAsync(settings, ["migrate", "--all"]);
        Assert.Equal((0, ""), (migrated.ExitCode, migrated.Error.Trim()));
        Node = await ApiProcess.StartAsync(database, Smtp);
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Smtp.DisposeAsync();
    }
}
