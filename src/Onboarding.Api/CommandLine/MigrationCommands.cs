using System.CommandLine;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Spectre.Console;

namespace Onboarding.Api.CommandLine;

internal static class MigrationCommands
{
    private const int Shown = 50;

    /// <summary><c>migrate [--all] [--parallel N]</c>: the shared schemas, and with <c>--all</c> every organization's.</summary>
    public static Command Migrate(IServiceProvider services)
    {
        var all = new Option<bool>("--all") { Description = "Bring every organization up to date too." };
        var parallel = new Option<int>("--parallel") { Description = "How many organizations at a time.", DefaultValueFactory = _ => 4 };
        parallel.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 64)
            {
                result.AddError("--parallel takes 1 to 64.");
            }
        });
        var command = new Command("migrate", "Bring the database up to date. A run that was killed resumes.") { all, parallel };
        command.SetAction(async (result, cancellationToken) =>
        {
            await services.GetRequiredService<PreparePlatform>().RunAsync(cancellationToken);
            AnsiConsole.MarkupLine("The shared schemas are up to date.");
            return result.GetValue(all) ? await MigrateAllAsync(services, result.GetValue(parallel), cancellationToken) : 0;
        });
        return command;
    }

    /// <summary><c>migrations status</c>: who is behind, and why.</summary>
    public static Command Migrations(IServiceProvider services)
    {
        var status = new Command("status", "Say which organizations are behind, and why.");
        status.SetAction(async (_, cancellationToken) =>
        {
            var latest = services.GetRequiredService<TenantSchema>().Latest;
            var behind = await services.GetRequiredService<MigrateOrganizations>().BehindAsync(cancellationToken);
            AnsiConsole.MarkupLineInterpolated($"Latest version {latest}; {behind.Count} organizations are behind.");
            foreach (var organization in behind.Take(Shown))
            {
                AnsiConsole.MarkupLineInterpolated($"{organization.Identifier}: version {organization.SchemaVersion}, {organization.Status}{(organization.MigrationError is { } error ? $", quarantined: {error}" : "")}");
            }

            return behind.Count == 0 ? 0 : 1;
        });
        return new Command("migrations", "Look at the state of migrations.") { status };
    }

    private static async Task<int> MigrateAllAsync(IServiceProvider services, int parallel, CancellationToken cancellationToken)
    {
        var migrate = services.GetRequiredService<MigrateOrganizations>();
        var result = await AnsiConsole.Progress().StartAsync(async progress =>
        {
            var bar = progress.AddTask("Organizations");
            var outcome = await migrate.RunAsync(
                parallel,
                state =>
                {
                    bar.MaxValue = state.Total;
                    bar.Value = state.Done + state.Failed;
                },
                cancellationToken);
            bar.Value = bar.MaxValue;
            return outcome;
        });
        AnsiConsole.MarkupLineInterpolated($"{result.Total} were behind: {result.Done} are up to date now, {result.Failed} failed.");
        return result.Failed == 0 ? 0 : 1;
    }
}
