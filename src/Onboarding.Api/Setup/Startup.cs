using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Api.Development;
using Onboarding.Api.SignIn;
using Onboarding.Billing.Stripe;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Setup;

/// <summary>What has to be true before the first request.</summary>
internal static partial class Startup
{
    /// <summary>
    /// The settings that lie beside the program, the plans among them, hold wherever it is started from: by itself it looks
    /// for them in the current folder. Everything else goes before them.
    /// </summary>
    public static void ReadOwnSettings(this WebApplicationBuilder builder) => builder.Configuration.Sources.Insert(
        0, new JsonConfigurationSource { Path = "appsettings.json", FileProvider = new PhysicalFileProvider(AppContext.BaseDirectory), Optional = true });

    /// <summary>Checks all settings together, so that one start tells everything that is missing. Goes before anything reads one.</summary>
    public static void RequireSettings(this WebApplication app) => app.Services.GetRequiredService<IStartupValidator>().Validate();

    /// <summary>Prepares the database in Development; loads keys and revocations everywhere.</summary>
    public static async Task PrepareAsync(this WebApplication app)
    {
        var cancellationToken = app.Lifetime.ApplicationStopping;
        if (app.Services.GetRequiredService<IOptions<StripeOptions>>().Value.WebhookSecrets.Count == 0)
        {
            NoCallbacks(app.Logger);
        }

        if (app.Environment.IsDevelopment() && app.Services.GetRequiredService<OwnerDataSource>().IsConfigured)
        {
            await app.Services.GetRequiredService<PreparePlatform>().RunAsync(cancellationToken);
            await app.Services.GetRequiredService<MigrateOrganizations>().RunAsync(Environment.ProcessorCount, progress: null, cancellationToken);
            if (app.Services.GetRequiredService<IOptions<DevelopmentOptions>>().Value.Demo)
            {
                await app.Services.GetRequiredService<DemoData>().SeedAsync(cancellationToken);
            }
        }

        await RequireIsolationAsync(app.Services.GetRequiredService<NpgsqlDataSource>(), cancellationToken);
        await app.Services.GetRequiredService<SigningKeys>().RotateAsync(cancellationToken);
        await app.Services.GetRequiredService<RevokedTokens>().RefreshAsync(cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "Billing:Stripe:WebhookSecrets is empty: callbacks of Stripe are refused, and subscriptions follow once an hour.")]
    private static partial void NoCallbacks(ILogger logger);

    /// <summary>A login that could read every schema by itself would make the isolation a matter of luck (SEC-4).</summary>
    private static async Task RequireIsolationAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT rolsuper OR rolinherit OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user");
        if (await command.ExecuteScalarAsync(cancellationToken) is true)
        {
            throw new OptionsValidationException(
                nameof(DatabaseOptions), typeof(DatabaseOptions),
                ["Database:ConnectionString names a role with too many rights: it must be NOINHERIT and neither superuser, nor BYPASSRLS, nor CREATEROLE."]);
        }
    }

    /// <summary>Why the start failed, a sentence a line; null for what is a bug and deserves its stack.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        OptionsValidationException options => string.Join(Environment.NewLine, options.Failures.Select(Sentence)),
        AggregateException { InnerExceptions: var inner } when inner.All(e => e is OptionsValidationException) => string.Join(Environment.NewLine, inner.Select(Explain)),
        PrivatePostgresException postgres => postgres.Message,
        _ => null,
    };

    // The framework wraps each sentence: "DataAnnotation validation failed for 'X' members: 'Y' with the error: 'sentence'."
    private static string Sentence(string failure)
    {
        const string Before = "with the error: '";
        var start = failure.IndexOf(Before, StringComparison.Ordinal);
        return start >= 0 && failure.EndsWith("'.", StringComparison.Ordinal) ? failure[(start + Before.Length)..^2] : failure;
    }
}
