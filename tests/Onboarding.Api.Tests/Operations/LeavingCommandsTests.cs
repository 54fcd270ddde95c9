using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

/// <summary>Export, import, deletion and restoration, as an operator does them.</summary>
[Collection(DeploymentCollection.Name)]
public sealed class LeavingCommandsTests(Deployment deployment) : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("onboarding-leaving-").FullName;

    [Fact] // SEC-7
    public async Task An_organization_is_exported_imported_deleted_and_restored_from_the_command_line()
    {
        var file = Path.Combine(folder, "stark.zip");
        await RequireAsync("organizations create stark --name Stark --admin-email tony@stark.test", 0, "stark serves");
        await RequireAsync($"organizations export nobody {file}", 1, "no such organization");
        await RequireAsync($"organizations export stark {file}", 0, "rows of 19 tables");
        await RequireAsync($"organizations export stark {file}", 1, "exists already");
        Assert.Equal([file], Directory.GetFiles(folder));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        await RequireAsync($"organizations import {file}.nowhere stark2", 1, "stark.zip.nowhere");
        await RequireAsync($"organizations import {file} stark", 1, "taken");
        await KilledImportAsync($"organizations import {file} stark2");
        await RequireAsync($"organizations import {file} stark2 --name Copy", 0, "stark2 serves");
        Assert.Equal("Copy active", await deployment.ScalarAsync("SELECT name || ' ' || status FROM platform.organizations WHERE identifier = 'stark2'"));

        await RequireAsync("organizations delete stark2", 1, "--yes");
        await RequireAsync("organizations delete stark2 --yes", 0, $"deleted after {TimeProvider.System.GetUtcNow().AddDays(30):yyyy-MM-dd}");
        await RequireAsync("organizations list", 0, "until");
        await RequireAsync("organizations restore stark2", 0, "restored");
        await RequireAsync("organizations restore stark2", 1, "nothing to take back");
        await RequireAsync("organizations restore nobody", 1, "no such organization");
        await RequireAsync("organizations delete stark2 --yes --now", 0, "gone");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // Everything is loaded, and the entry in the catalogue waits for a lock: there it is killed.
    private async Task KilledImportAsync(string command)
    {
        await using (var owner = Npgsql.NpgsqlDataSource.Create(deployment.Settings["Database:OwnerConnectionString"]!))
        await using (var connection = await owner.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using (var hold = new Npgsql.NpgsqlCommand("LOCK TABLE platform.organizations IN SHARE MODE", connection, transaction))
            {
                await hold.ExecuteNonQueryAsync();
            }

            await using var import = ApiProcess.Launch(ApiProcess.Product, deployment.Settings, command.Split(' '));
            await Eventually.HoldsAsync(
                async () => await deployment.ScalarAsync("SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'onboarding-owner' AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO platform.organizations%'") == "1",
                "the import has come to its last step");
            await import.KillAsync();
        }

        await Eventually.HoldsAsync(
            async () => await deployment.ScalarAsync("SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'onboarding-owner'") == "0", "PostgreSQL has noticed");
        Assert.Equal("0", await deployment.ScalarAsync("SELECT count(*)::text FROM pg_namespace n WHERE nspname LIKE 'org\\_%' AND NOT EXISTS (SELECT FROM platform.organizations WHERE 'org_' || replace(id::text, '-', '') = n.nspname)"));
    }

    private async Task RequireAsync(string command, int exitCode, string says)
    {
        var result = await deployment.RunAsync(command);
        Assert.Equal((command, exitCode), (command, result.ExitCode));
        Assert.Contains(says, exitCode == 0 ? result.Output : result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Output + result.Error, StringComparison.Ordinal);
    }
}
