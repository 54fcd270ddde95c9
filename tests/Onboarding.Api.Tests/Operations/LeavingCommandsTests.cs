using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json;
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
        await RequireAsync("organizations create stark --name Stark --plan premium --admin-email tony@stark.test", 0, "stark serves");
        await FounderSignsInAsync();
        await RequireAsync($"organizations export nobody {file}", 1, "no such organization");
        await RequireAsync($"organizations export stark {file} --reason {new string('y', 401)}", 1, "at most 400");
        await RequireAsync($"organizations export stark {file} --reason Ticket-4712", 0, "rows of 19 tables");
        await ToldAsync();
        await RequireAsync($"organizations export stark {file}", 1, "exists already");
        await File.WriteAllTextAsync($"{file}.2.unfinished", "another's");
        await RequireAsync($"organizations export stark {file}.2", 1, ".unfinished");
        Assert.Equal("another's", await File.ReadAllTextAsync($"{file}.2.unfinished"));
        File.Delete($"{file}.2.unfinished");
        Assert.Equal([file], Directory.GetFiles(folder));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        await RequireAsync($"organizations import {file}.nowhere stark2", 1, "stark.zip.nowhere");
        await RequireAsync($"organizations import {file} stark", 1, "taken");
        await KilledImportAsync($"organizations import {file} stark2");
        await RequireAsync($"organizations import {file} stark2 --name Copy", 0, "on plan free (its archive says premium)");
        Assert.Equal("Copy active free", await deployment.ScalarAsync("SELECT name || ' ' || status || ' ' || plan FROM platform.organizations WHERE identifier = 'stark2'"));
        await SameAsync(file);
        await RequireAsync($"organizations import {file} stark3 --plan-from-archive", 0, "on plan premium.");
        Assert.Equal("2 system", await deployment.ScalarAsync("SELECT count(*) || ' ' || min(actor_kind) FROM platform.audit_log WHERE action = 'organization.imported' AND note LIKE 'stark as of %'"));
        await File.WriteAllTextAsync($"{file}.broken", "no zip");
        await RequireAsync($"organizations import {file}.broken stark4", 1, "no ZIP archive");

        await RequireAsync("organizations delete stark2", 1, "--yes");
        await RequireAsync("organizations delete stark2 --yes", 0, "deleted after ");
        var until = await deployment.ScalarAsync("SELECT to_char(purge_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM platform.organizations WHERE identifier = 'stark2' AND purge_at BETWEEN now() + interval '29 days 23 hours' AND now() + interval '30 days'");
        await RequireAsync("organizations delete stark2 --yes", 0, $"deleted after {until}");
        await RequireAsync("organizations list", 0, "until");
        await RequireAsync("organizations restore stark2", 0, "restored");
        await RequireAsync("organizations restore stark2", 1, "nothing to take back");
        await RequireAsync("organizations restore nobody", 1, "no such organization");
        await RequireAsync("organizations delete stark2 --yes --now", 0, "gone");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task FounderSignsInAsync()
    {
        var mail = await deployment.Smtp.WaitForAsync("tony@stark.test");
        using var client = deployment.Node.ClientFor("stark");
        (await client.PostAsJsonAsync($"/set-password/{mail.Token()}", new { password = TestOrganization.Password })).EnsureSuccessStatusCode();
    }

    // In both logs, and to its admins, who are those that have set a password.
    private async Task ToldAsync()
    {
        Assert.Equal("system Ticket-4712", await deployment.ScalarAsync("SELECT actor_kind || ' ' || note FROM platform.audit_log WHERE action = 'organization.exported'"));
        var schema = await deployment.ScalarAsync("SELECT 'org_' || replace(id::text, '-', '') FROM platform.organizations WHERE identifier = 'stark'");
        Assert.Equal("system Ticket-4712", await deployment.ScalarAsync($"SELECT actor_kind || ' ' || note FROM {schema}.audit_log WHERE action = 'organization.exported'"));
        Assert.Contains("Ticket-4712", (await deployment.Smtp.WaitForAsync("tony@stark.test", mail => mail.Text.Contains("exported all data", StringComparison.Ordinal))).Text, StringComparison.Ordinal);
    }

    // The copy's own archive has the same rows, by number and by hash.
    private async Task SameAsync(string file)
    {
        var copy = Path.Combine(folder, "stark2.zip");
        await RequireAsync($"organizations export stark2 {copy}", 0, "rows of 19 tables");
        Assert.Equal(TablesOf(file), TablesOf(copy));
    }

    private static IReadOnlyList<string> TablesOf(string file)
    {
        using var zip = ZipFile.OpenRead(file);
        using var manifest = JsonDocument.Parse(zip.GetEntry("manifest.json")!.Open());
        return [.. manifest.RootElement.GetProperty("tables").EnumerateArray().Select(table => $"{table.GetProperty("name")} {table.GetProperty("rows")} {table.GetProperty("sha256")}")];
    }

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
