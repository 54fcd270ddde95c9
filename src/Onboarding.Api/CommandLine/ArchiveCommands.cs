using System.CommandLine;
using Onboarding.Tenancy.Archives;

namespace Onboarding.Api.CommandLine;

/// <summary><c>organizations export|import</c>.</summary>
internal static class ArchiveCommands
{
    /// <summary>Writes an organization to a file.</summary>
    public static Command Export(IServiceProvider services)
    {
        var identifier = OrganizationCommands.Identifier();
        var file = new Argument<string>("file") { Description = "Where to; must not exist." };
        var command = new Command("export", "Write everything that an organization owns to a ZIP file. It holds personal data and hashes of passwords.") { identifier, file };
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
                return await WriteAsync(services, organization.Key, path, cancellationToken);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
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
        var name = new Option<string?>("--name") { Description = "Display name; that of the archive when left out." };
        var command = new Command("import", "Make a new organization of an archive. It serves when all of it is there; a failure leaves nothing.") { file, identifier, name };
        command.SetAction(async (result, cancellationToken) =>
        {
            try
            {
                await using var archive = File.OpenRead(result.GetValue(file)!);
                var imported = await services.GetRequiredService<ImportOrganization>().RunAsync(archive, result.GetValue(identifier)!, result.GetValue(name), cancellationToken);
                foreach (var sentence in imported.Unreadable)
                {
                    OrganizationCommands.Say(sentence);
                }

                return OrganizationCommands.Say($"{imported.Organization.Identifier} serves, with {imported.Rows} rows. API keys and passkeys of the source are not good for it: they have to be made anew.");
            }
            catch (Exception exception) when (exception is ArchiveRefusedException or IOException or UnauthorizedAccessException)
            {
                return OrganizationCommands.Fail(exception.Message);
            }
        });
        return command;
    }

    // Under another name until it is whole, and for nobody else to read.
    private static async Task<int> WriteAsync(IServiceProvider services, Guid organization, string path, CancellationToken cancellationToken)
    {
        var unfinished = $"{path}.unfinished";
        try
        {
            ArchiveManifest? manifest;
            await using (var output = new FileStream(unfinished, Options()))
            {
                manifest = await services.GetRequiredService<ExportOrganization>().RunAsync(organization, output, cancellationToken);
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
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
