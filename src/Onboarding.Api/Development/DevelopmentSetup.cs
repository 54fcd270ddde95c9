using System.Security.Cryptography;
using Npgsql;
using Onboarding.Api.Emails;
using Onboarding.Api.Setup;

namespace Onboarding.Api.Development;

/// <summary>Everything that a developer's machine gets for nothing and production never has.</summary>
internal static class DevelopmentSetup
{
    private static readonly Dictionary<string, string> Switches = new(StringComparer.Ordinal)
    {
        ["--no-demo"] = "--Development:Demo=false",
        ["--reset"] = "--Development:Reset=true",
    };

    /// <summary>The switches of <c>./dev up</c> as configuration.</summary>
    public static string[] Expand(string[] args) => [.. args.Select(arg => Switches.GetValueOrDefault(arg, arg))];

    /// <summary>
    /// Fills in what is not configured: the address, a master key, and a private PostgreSQL. Its handle is disposed of
    /// with the returned object, after the application.
    /// </summary>
    public static async Task<IAsyncDisposable?> ConfigureAsync(WebApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment())
        {
            return null;
        }

        var data = Path.Combine(Root(builder.Environment.ContentRootPath), ".data");
        var defaults = new Dictionary<string, string?>
        {
            ["urls"] = builder.Configuration["urls"] ?? "http://localhost:5080",
            ["Smtp:FromAddress"] = builder.Configuration["Smtp:FromAddress"] ?? "onboarding@localhost",

            // The receivers of a developer are on this machine.
            ["Webhooks:AllowPrivateNetworks"] = builder.Configuration["Webhooks:AllowPrivateNetworks"] ?? "true",
        };
        defaults["Web:PublicUrl"] = builder.Configuration["Web:PublicUrl"] ?? PublicUrl(defaults["urls"]!);
        var masterKey = builder.Configuration["Secrets:MasterKey"] ?? await MasterKeyAsync(data);
        defaults["Secrets:MasterKey"] = masterKey;

        IAsyncDisposable? postgres = null;
        if (string.IsNullOrEmpty(builder.Configuration["Database:ConnectionString"]))
        {
            var database = await DevelopmentDatabase.OpenAsync(Path.Combine(data, "postgres"), masterKey, builder.Configuration.GetValue<bool>("Development:Reset"));
            defaults["Database:ConnectionString"] = database.ApplicationConnectionString;
            defaults["Database:OwnerConnectionString"] = database.OwnerConnectionString;
            postgres = database;
        }

        builder.Configuration.AddInMemoryCollection(defaults);
        var stripe = await DevelopmentStripe.StartAsync(builder.Configuration, data);
        builder.Services.AddOptions<DevelopmentOptions>().BindConfiguration(DevelopmentOptions.Section);
        builder.Services.AddSingleton<DemoData>().AddSingleton<WebhookSink>();
        if (stripe is not null)
        {
            builder.Services.AddSingleton(stripe);
        }

        return new Started(stripe, postgres);
    }

    /// <summary>What was started for the application, and ends after it.</summary>
    private sealed record Started(IAsyncDisposable? Stripe, IAsyncDisposable? Postgres) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await (Stripe?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (Postgres?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    /// <summary>The helpers of api.md, "Development only". None of them exists elsewhere (SEC-47).</summary>
    public static void MapDevelopment(this WebApplication app)
    {
        if (app.Environment.IsDevelopment())
        {
            app.MapDevelopmentMailbox();
            app.MapEmailPreviews();
            app.MapWebhookSink();
        }
    }

    /// <summary>Kept between runs, so that what was encrypted yesterday can be read today.</summary>
    private static async Task<string> MasterKeyAsync(string data)
    {
        var file = Path.Combine(data, "master.key");
        if (!File.Exists(file))
        {
            Directory.CreateDirectory(data);
            await File.WriteAllTextAsync(file, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        return await File.ReadAllTextAsync(file);
    }

    private static string PublicUrl(string urls)
    {
        var url = new UriBuilder(urls.Split(';')[0].Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal));
        return $"{url.Scheme}://{(url.Host is "127.0.0.1" or "0.0.0.0" or "[::]" or "[::1]" ? "localhost" : url.Host)}:{url.Port}";
    }

    // The repository's root when it runs from a clone, else where it stands.
    private static string Root(string contentRoot)
    {
        for (var folder = new DirectoryInfo(contentRoot); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Onboarding.sln")))
            {
                return folder.FullName;
            }
        }

        return contentRoot;
    }
}

/// <summary>The private PostgreSQL of a developer's machine, with the two logins that production has.</summary>
internal sealed class DevelopmentDatabase : IAsyncDisposable
{
    private readonly PrivatePostgres server;

    private DevelopmentDatabase(PrivatePostgres server, string ownerConnectionString, string applicationConnectionString)
    {
        this.server = server;
        OwnerConnectionString = ownerConnectionString;
        ApplicationConnectionString = applicationConnectionString;
    }

    public string OwnerConnectionString { get; }

    public string ApplicationConnectionString { get; }

    public static async Task<DevelopmentDatabase> OpenAsync(string directory, string masterKey, bool reset)
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
        var server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions
        {
            Directory = directory,
            Reset = reset,
            Logger = loggers.CreateLogger<PrivatePostgres>(),
        });
        await CreateDatabaseAsync(server.SuperuserConnectionString);
        var password = Convert.ToHexString(new SecretsOptions { MasterKey = masterKey }.Derive("development-database"));
        var owner = new NpgsqlConnectionStringBuilder(server.SuperuserConnectionString) { Database = Name };
        var application = new NpgsqlConnectionStringBuilder(owner.ConnectionString) { Username = "onboarding_app", Password = password };
        return new(server, owner.ConnectionString, application.ConnectionString);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private const string Name = "onboarding";

    private static async Task CreateDatabaseAsync(string connectionString)
    {
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await using var exists = dataSource.CreateCommand($"SELECT 1 FROM pg_database WHERE datname = '{Name}'");
        if (await exists.ExecuteScalarAsync() is null)
        {
            await using var create = dataSource.CreateCommand($"CREATE DATABASE {Name}");
            await create.ExecuteNonQueryAsync();
        }
    }
}
