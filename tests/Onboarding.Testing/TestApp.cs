using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Members;

namespace Onboarding.Testing;

/// <summary>The whole product in this process: Kestrel on a free port, real PostgreSQL, real SMTP.</summary>
public sealed class TestApp : WebApplicationFactory<Program>
{
    /// <summary>A master key for tests; 32 bytes, and no secret.</summary>
    public const string MasterKey = "6gqcmc6lR4xHJKCFby8OJqKf+xiJhuWOybuNVepI04k=";

    private readonly Dictionary<string, string?> settings;
    private readonly Action<IServiceCollection>? configure;
    private readonly ConcurrentDictionary<string, string> hashes = new();

    /// <summary>A product on <paramref name="database"/>.</summary>
    /// <param name="overrides">Settings that win over the suite's, such as <c>RateLimits:Login:PerAccount</c>.</param>
    /// <param name="configure">Replaces services, such as the clock.</param>
    public TestApp(TestDatabase database, TestSmtpServer smtp, IReadOnlyDictionary<string, string?>? overrides = null, Action<IServiceCollection>? configure = null)
    {
        Database = database;
        Smtp = smtp;
        settings = SettingsFor(database, smtp);

        // Tests hold rows until a crowd waits for them, on machines that are busy with other tests.
        settings["Fairness:Patience"] = "00:00:10";
        foreach (var (key, value) in overrides ?? new Dictionary<string, string?>())
        {
            settings[key] = value;
        }

        this.configure = configure;
        UseKestrel(0);
    }

    /// <summary>The database it runs on.</summary>
    public TestDatabase Database { get; }

    /// <summary>Where its mails arrive.</summary>
    public TestSmtpServer Smtp { get; }

    /// <summary>What it logged, every level, newest last.</summary>
    public LogCapture Logs { get; } = new();

    /// <summary>Its address, such as <c>http://127.0.0.1:41234</c>.</summary>
    public Uri Address => new(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>The hash of a password as this product makes it, made once.</summary>
    public string HashOf(string password) => hashes.GetOrAdd(password, _ => Services.GetRequiredService<IPasswordHasher<Member>>().HashPassword(null!, password));

    /// <summary>The settings of the suite, also for products that run as a process of their own.</summary>
    public static Dictionary<string, string?> SettingsFor(TestDatabase database, TestSmtpServer smtp)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Database:ConnectionString"] = database.ApplicationConnectionString,
            ["Database:OwnerConnectionString"] = database.OwnerConnectionString,
            ["Secrets:MasterKey"] = MasterKey,
            ["Web:PublicUrl"] = "http://localhost",
            ["Development:Demo"] = "false",
            ["Development:Greeting"] = "false",
            ["Development:Stripe"] = "false",
            ["Smtp:Host"] = TestSmtpServer.Host,
            ["Smtp:Port"] = smtp.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Smtp:Security"] = "None",
            ["Smtp:FromAddress"] = "onboarding@localhost",

            // The crowd of a test is one organization; its pace has tests of its own.
            ["Fairness:RequestsPerSecond"] = "1000000",
        };

        // A test counts what it tests; the limits have tests of their own, with the real ones.
        foreach (var call in typeof(RateLimitOptions).GetProperties())
        {
            foreach (var party in new[] { "PerAccount", "PerAddress", "PerOrganization" })
            {
                settings[$"RateLimits:{call.Name}:{party}"] = "1000000";
            }
        }

        return settings;
    }

    /// <summary>A client of the bare base domain, or of an organization's host.</summary>
    /// <param name="identifier">The organization; null for the bare domain.</param>
    /// <param name="observer">Sees what is sent and what comes back.</param>
    public HttpClient ClientFor(string? identifier, DelegatingHandler? observer = null)
    {
        HttpMessageHandler handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
        if (observer is not null)
        {
            observer.InnerHandler = handler;
            handler = observer;
        }

        var client = new HttpClient(handler) { BaseAddress = Address };
        client.DefaultRequestHeaders.Host = identifier is null ? "localhost" : $"{identifier}.localhost";
        return client;
    }

    /// <inheritdoc/>
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Development");
        foreach (var (key, value) in settings)
        {
            builder.UseSetting(key, value);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(Logs).SetMinimumLevel(LogLevel.Debug));
        builder.ConfigureServices(services =>
        {
            // Most tests sign in, some of them often, and hardly any looks at the hash.
            if (!settings.ContainsKey("SignIn:PasswordIterations"))
            {
                services.PostConfigure<PasswordHasherOptions>(hasher => hasher.IterationCount = 1_000);
            }

            configure?.Invoke(services);
        });
    }
}
