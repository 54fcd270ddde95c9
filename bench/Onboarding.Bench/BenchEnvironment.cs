using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Billing;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;
using Onboarding.Testing;

namespace Onboarding.Bench;

/// <summary>An organization of the fleet and its one member, an admin.</summary>
internal sealed record BenchOrganization(Organization Organization, Member Admin)
{
    /// <summary>The host that it answers to.</summary>
    public string Host => $"{Organization.Identifier}.localhost";
}

/// <summary>A PostgreSQL of our own with a fleet of organizations, and the product as a process of its own in front of it.</summary>
internal sealed class BenchEnvironment : IAsyncDisposable
{
    /// <summary>How many organizations the targets speak of.</summary>
    public const int Fleet = 1_000;

    /// <summary>Password of everybody in the fleet.</summary>
    public const string Password = "four quiet herons at dusk";

    private static readonly Dictionary<string, string> ServerSettings = new()
    {
        // Vacuumed when the fleet is there; a worker that wakes up in one round and not in the next would decide the ratio.
        ["autovacuum"] = "off",

        // Commits reach the disk, as they do in production.
        ["fsync"] = "on",
        ["synchronous_commit"] = "on",
        ["full_page_writes"] = "on",
        ["shared_buffers"] = "256MB",
        ["max_wal_size"] = "4GB",
    };

    private readonly TestPostgres server;
    private readonly List<BenchOrganization> fleet = [];
    private WebApplication? product;

    private BenchEnvironment(TestPostgres server, TestDatabase database)
    {
        (this.server, Database) = (server, database);
        Postgres = NpgsqlDataSource.Create(database.OwnerConnectionString);
    }

    /// <summary>The database of the fleet.</summary>
    public TestDatabase Database { get; }

    /// <summary>Where the product's mails go.</summary>
    public TestSmtpServer Smtp { get; } = TestSmtpServer.Start();

    /// <summary>The owner's login to it.</summary>
    public NpgsqlDataSource Postgres { get; }

    /// <summary>Processor time of the server.</summary>
    public BenchCpu Cpu { get; private set; } = null!;

    /// <summary>The product's services on the same database: for what has to be there before a measurement.</summary>
    public IServiceProvider Services => product?.Services ?? throw new InvalidOperationException("Not prepared yet.");

    /// <summary>Starts a server and prepares an empty database.</summary>
    public static async Task<BenchEnvironment> StartAsync()
    {
        var server = await TestPostgres.StartAsync(ServerSettings, Path.GetTempPath());
        var environment = new BenchEnvironment(server, await server.CreateDatabaseAsync());
        environment.Cpu = await BenchCpu.FindAsync(environment.Postgres);
        environment.product = Compose(environment.Settings());
        await environment.Services.GetRequiredService<PreparePlatform>().RunAsync(CancellationToken.None);
        await environment.Services.GetRequiredService<SigningKeys>().RotateAsync(CancellationToken.None);
        return environment;
    }

    /// <summary>A further database on the same server.</summary>
    public Task<TestDatabase> CreateDatabaseAsync() => server.CreateDatabaseAsync();

    /// <summary>The product's settings for a database, the fleet's unless said.</summary>
    public Dictionary<string, string?> Settings(TestDatabase? database = null)
    {
        var settings = TestApp.SettingsFor(database ?? Database, Smtp);
        settings["SignIn:AccessTokenLifetime"] = "01:00:00";

        // What is measured is what a node can do, not what one organization gets of it; PERF-10 measures that.
        settings["Fairness:RequestsPerSecond"] = "1000000";

        // More than a benchmark approves.
        settings["Billing:Plans:premium:Quotas:seats"] = "1000000";

        // What lives for minutes profits from what the runtime learns; the suite's processes switch it off.
        settings["DOTNET_TieredPGO"] = "1";
        settings["DOTNET_TC_CallCountThreshold"] = "1E"; // the default
        return settings;
    }

    /// <summary>The product's services without the product: nothing listens, nothing drains the queue.</summary>
    public static WebApplication Compose(IReadOnlyDictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(settings);

        // Told apart from the product that is measured.
        builder.Configuration["Database:ConnectionString"] += ";Application Name=bench";
        builder.Services.AddTenantResolution(builder.AddWebOptions()).AddSecrets().AddSignIn().AddBilling();
        return builder.Build();
    }

    /// <summary>Starts the product, in Production, on the fleet's database.</summary>
    public async Task<ApiProcess> StartApiAsync(IReadOnlyDictionary<string, string?>? overrides = null)
    {
        var settings = Settings();
        foreach (var (key, value) in overrides ?? new Dictionary<string, string?>())
        {
            settings[key] = value;
        }

        return await ApiProcess.StartAsync(settings, "Production", directory: null);
    }

    /// <summary>Starts the server that a benchmark compares with.</summary>
    public async Task<ApiProcess> StartBaselineAsync(Benchmark benchmark, params string[] args)
    {
        var settings = Settings();

        // As the product has it, being a web project.
        settings["DOTNET_gcServer"] = "1";
        var process = ApiProcess.Launch("Onboarding.Bench.dll", settings, [Program.Serve, benchmark.Name, .. args]);
        await process.ListeningAsync();
        return process;
    }

    /// <summary>The first so many organizations of the fleet, each active and with an admin; makes what is missing.</summary>
    public async Task<IReadOnlyList<BenchOrganization>> FleetAsync(int count = Fleet)
    {
        if (fleet.Count < count)
        {
            await GrowAsync(count - fleet.Count);
            await ExecuteAsync("VACUUM (ANALYZE)");
        }

        return fleet.Take(count).ToList();
    }

    /// <summary>An access token of an organization's admin.</summary>
    public string TokenOf(BenchOrganization of)
    {
        var (session, _) = Session.Start(of.Admin.Id, ["pwd"], TimeSpan.FromDays(1), ipAddress: null, userAgent: null, Services.GetRequiredService<TimeProvider>().GetUtcNow());
        return Services.GetRequiredService<AccessTokens>().Issue(of.Organization, of.Admin, session).Token;
    }

    /// <summary>Runs SQL as the owner.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = Postgres.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (product is not null)
        {
            await product.DisposeAsync();
        }

        await Postgres.DisposeAsync();
        await Smtp.DisposeAsync();
        await server.DisposeAsync();
    }

    private async Task GrowAsync(int more)
    {
        var now = Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var organizations = Enumerable.Range(fleet.Count, more)
            .Select(number => Organization.Register($"org-{number}", $"Organization {number}", "premium", now)).ToList();
        await using (var db = await Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            db.Organizations.AddRange(organizations);
            await db.SaveChangesAsync();
        }

        // The rows say "provisioning", which is what a migration run finishes, four at a time.
        await Services.GetRequiredService<MigrateOrganizations>().RunAsync(parallel: 4, progress: null, CancellationToken.None);
        var hash = Services.GetRequiredService<Microsoft.AspNetCore.Identity.IPasswordHasher<Member>>().HashPassword(null!, Password);
        var scope = Services.GetRequiredService<TenantScope>();
        var admins = new Member[more];
        await Parallel.ForAsync(0, more, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (index, _) =>
        {
            var organization = organizations[index];
            var (admin, _) = Member.Found("admin", $"admin@{organization.Identifier}.test", "Ada Admin", now);
            admin.Activate(hash, now);
            await scope.RunAsync(organization, services =>
            {
                var tenant = services.GetRequiredService<TenantDbContext>();
                tenant.Members.Add(admin);
                return tenant.SaveChangesAsync();
            });
            admins[index] = admin;
        });
        fleet.AddRange(organizations.Zip(admins, (organization, admin) => new BenchOrganization(organization, admin)));
    }
}
