using Onboarding.Api.CommandLine;
using Onboarding.Api.Development;
using Onboarding.Api.Emails;
using Onboarding.Api.Features;
using Onboarding.Api.Http;
using Onboarding.Api.Jobs;
using Onboarding.Api.Operations;
using Onboarding.Api.Setup;
using Onboarding.Billing;
using Onboarding.Webhooks;

try
{
    var builder = WebApplication.CreateBuilder(DevelopmentSetup.Expand(args));
    builder.ReadOwnSettings();
    await using var development = await DevelopmentSetup.ConfigureAsync(builder);
    builder.LimitRequests();
    builder.Services
        .AddTenantResolution(builder.AddWebOptions())
        .AddSecrets()
        .AddSignIn()
        .AddEmails(builder.Environment, builder.Configuration)
        .AddBilling()
        .AddWebhooks()
        .AddJobs()
        .AddHealth()
        .AddProblems()
        .AddStrictJson()
        .AddThrottling()
        .AddValidation()
        .AddSwagger()
        .AddEndpointsApiExplorer()
        .AddFeatures();

    await using var app = builder.Build();
    app.RequireSettings();
    if (Commands.Match(args))
    {
        return await Commands.RunAsync(app, args);
    }

    app.UsePipeline();
    app.MapFeatures();
    app.MapHealth();
    app.MapDevelopment();

    await app.PrepareAsync();
    app.Welcome();
    await app.RunAsync();
    return 0;
}
catch (Exception exception) when (Startup.Explain(exception) is { } sentences)
{
    await Console.Error.WriteLineAsync(sentences);
    return 1;
}

/// <summary>The entry point; public so that tests can host it.</summary>
public sealed partial class Program;
