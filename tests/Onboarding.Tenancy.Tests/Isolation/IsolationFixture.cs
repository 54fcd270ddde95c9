using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>Tenancy alone, without HTTP, on a real PostgreSQL. Tests are kept apart by their organizations.</summary>
public sealed class IsolationFixture : IAsyncLifetime
{
    public TestPostgres Postgres { get; private set; } = null!;

    public TestDatabase Database { get; private set; } = null!;

    public ServiceProvider Services { get; private set; } = null!;

    public TenantScope Tenants => Services.GetRequiredService<TenantScope>();

    public async ValueTask InitializeAsync()
    {
        Postgres = await TestPostgres.StartAsync();
        Database = await Postgres.CreateDatabaseAsync();
        Services = Build(Database.ApplicationConnectionString);
        await Services.GetRequiredService<PreparePlatform>().RunAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        await Postgres.DisposeAsync();
    }

    /// <summary>The services of a node whose application's login connects like this.</summary>
    public ServiceProvider Build(string connectionString)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Database:ConnectionString"] = connectionString,
            ["Database:OwnerConnectionString"] = Database.OwnerConnectionString,
        }).Build());
        services.AddTenancy();
        return services.BuildServiceProvider(validateScopes: true);
    }

    /// <summary>An entry of the catalogue that nobody has provisioned yet.</summary>
    public async Task<Organization> RegisterAsync()
    {
        var organization = Organization.Register($"org-{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}", "Name", "free", TimeProvider.System.GetUtcNow());
        await using var platform = await Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
        platform.Organizations.Add(organization);
        await platform.SaveChangesAsync();
        return organization;
    }

    /// <summary>A fresh organization whose one member has its identifier as user name.</summary>
    public async Task<Organization> OrganizationAsync()
    {
        var organization = await RegisterAsync();
        await Services.GetRequiredService<ProvisionOrganization>().RunAsync(organization, CancellationToken.None);
        await InAsync(organization, db =>
        {
            var (member, registered) = Member.Register(organization.Identifier, $"same@example.test", "Same name", TimeProvider.System.GetUtcNow());
            db.Members.Add(member);
            db.Record(registered, Audit.Actor.System);
            return db.SaveChangesAsync();
        });
        return organization;
    }

    /// <summary>Runs work as an organization.</summary>
    public Task<T> InAsync<T>(Organization organization, Func<TenantDbContext, Task<T>> work) =>
        Tenants.RunAsync(organization, services => work(services.GetRequiredService<TenantDbContext>()));

    /// <summary>Runs SQL as the owner and returns the first column.</summary>
    public Task<IReadOnlyList<T>> OwnerAsync<T>(string sql) => QueryAsync<T>(Database.OwnerConnectionString, sql);

    /// <summary>Runs SQL by the application's login, in one transaction with the role of <paramref name="organization"/> if one is given.</summary>
    public async Task<IReadOnlyList<string>> AsRoleAsync(Organization? organization, string sql) => await QueryAsync<string>(
        Database.ApplicationConnectionString,
        organization is null ? sql : $"SELECT set_config('role', '{organization.Schema}', true); {sql}");

    /// <summary>The SQLSTATE in which <paramref name="sql"/> ends; fails when it succeeds.</summary>
    public async Task<string> SqlStateAsync(Organization? organization, string sql) =>
        (await Assert.ThrowsAsync<PostgresException>(() => AsRoleAsync(organization, sql))).SqlState;

    [SuppressMessage("Security", "CA2100", Justification = "The SQL is the test's own.")]
    private static async Task<IReadOnlyList<T>> QueryAsync<T>(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        do
        {
            rows.Clear();
            while (await reader.ReadAsync())
            {
                rows.Add(reader.GetFieldValue<T>(0));
            }
        }
        while (await reader.NextResultAsync());
        return rows;
    }
}
