using System.CommandLine;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Api.CommandLine;

/// <summary><c>organizations export|import</c>.</summary>
internal static class ArchiveCommands
{
    private const int LongestReason = 400;

    /// <summary>Writes an organization to a file.</summary>
    public static Command Export(IServiceProvider services)
    {
        var identifier = OrganizationCommands.Identifier();
        var file = new Argument<string>("file") { Description = "Where to; must not exist, and neither must FILE.unfinished." };
        var reason = OrganizationCommands.Reason("For both audit logs and the mail to the organization's admins.", LongestReason);
        var command = new Command("export", "Write everything that an organization owns to a ZIP file. It holds personal data and hashes of passwords. Its admins get a mail.") { identifier, file, reason };
        command.SetAction(async (result, cancellationToken) =>
        {
            var path = result.GetValue(file)!;
            if (File.Exists(path))
            {
                return OrganizationCommands.Fail($"{path} exists already.");
            }

            if (await OrganizationCommands.FindAsync(services, result.GetValue(identifier)!, cancellationToken) is not { } organization)
            {
                return OrganizationCommands.Fail("There is no such organization.");
            }

            try
            {
                return await WriteAsync(services, organization.Key, result.GetValue(reason), path, cancellationToken);
            }
            catch (Exception exception) when (exception is ExportBrokenOffException or IOException or UnauthorizedAccessException)
            {
                return OrganizationCommands.Fail(exception.Message);
            }
        });
        return command;
    }

    /// <summary>Makes an organization of a file.</summary>
    public static Command Import(IServiceProvider services)
    {
        var file = new Argument<string>("file") { Description = "An archive that organizations export has written." };
        var identifier = OrganizationCommands.Identifier();
        var name = OrganizationCommands.Name("--name", "Display name; that of the archive when left out.");
        var asArchived = new Option<bool>("--plan-from-archive") { Description = "Give it the plan, and what was settled for it alone, that the archive names. Anybody can have written that into a file, and nobody pays for it here." };
        var command = new Command("import", "Make a new organization of an archive, on the default plan. It serves when all of it is there; a failure leaves nothing.") { file, identifier, name, asArchived };
        command.SetAction(async (result, cancellationToken) =>
        {
            var plans = services.GetRequiredService<PlanCatalogue>();
            try
            {
                await using var archive = File.OpenRead(result.GetValue(file)!);
                var imported = await services.GetRequiredService<ImportOrganization>().RunAsync(
                    archive, result.GetValue(identifier)!, result.GetValue(name), result.GetValue(asArchived) ? null : plans.Default.Key, cancellationToken);
                foreach (var sentence in imported.Unreadable)
                {
                    OrganizationCommands.Say(sentence);
                }

                return OrganizationCommands.Say(
                    $"{imported.Organization.Identifier} serves, with {imported.Rows} rows, {PlanOf(imported, plans)}. API keys and passkeys of the source are not good for it: they have to be made anew.");
            }
            catch (Exception exception) when (exception is ArchiveRefusedException or IOException or UnauthorizedAccessException)
            {
                return OrganizationCommands.Fail(exception.Message);
            }
            catch (CommitInDoubtException)
            {
                return OrganizationCommands.Fail("The database went away at the last moment. Before running it again, look whether it is there: organizations list");
            }
            catch (Exception exception) when (TransientFailures.IsDatabaseAway(exception))
            {
                return OrganizationCommands.Fail("The database went away, or had no room. Nothing of it is left; run it again.");
            }
        });
        return command;
    }

    private static string PlanOf(ImportedOrganization imported, PlanCatalogue plans) => imported.Organization.Plan switch
    {
        var plan when plans.Find(plan) is null => $"on plan {plan}, which there is not here: it has what {plans.Default.Key} has",
        var plan when plan != imported.Source.Plan => $"on plan {plan} (its archive says {imported.Source.Plan})",
        var plan => $"on plan {plan}",
    };

    // Under another name until it is whole, and for nobody else to read: one that lies there already may be another's.
    private static async Task<int> WriteAsync(IServiceProvider services, Guid organization, string? reason, string path, CancellationToken cancellationToken)
    {
        var unfinished = $"{path}.unfinished";
        var output = new FileStream(unfinished, Options());
        try
        {
            ArchiveManifest? manifest;
            await using (output)
            {
                manifest = await services.GetRequiredService<ExportOrganization>().RunAsync(organization, Actor.System, reason, output, cancellationToken);

                // Somebody may delete the organization on the strength of what is said next.
                output.Flush(flushToDisk: true);
            }

            if (manifest is null)
            {
                return OrganizationCommands.Fail("It is not set up yet; there is nothing to export.");
            }

            File.Move(unfinished, path);
            return OrganizationCommands.Say($"{path} holds {manifest.Tables.Sum(table => table.Rows)} rows of {manifest.Tables.Count} tables, of schema version {manifest.SchemaVersion}.");
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static FileStreamOptions Options()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
