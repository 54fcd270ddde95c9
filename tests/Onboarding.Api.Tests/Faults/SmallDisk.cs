using System.Diagnostics;
using Npgsql;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A database on a disk of its own that a test can fill: a small tmpfs with a tablespace on it.</summary>
/// <remarks>
/// The log stays elsewhere. PostgreSQL stops where that finds no room, and starting it again is the operator's part.
/// Mounting takes rights that not everybody has. Without them the server's answer is played by a trigger: what the product
/// does with it is the same, and the test's output says so.
/// </remarks>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const string Size = "96m";

    private readonly TestPostgres postgres;
    private readonly string folder;

    private SmallDisk(TestPostgres postgres, string folder, bool isReal) => (this.postgres, this.folder, IsReal) = (postgres, folder, isReal);

    /// <summary>Whether there is a disk; otherwise there is a trigger.</summary>
    public bool IsReal { get; }

    public TestDatabase Database { get; private set; } = null!;

    private string Ballast => Path.Combine(folder, "ballast");

    public static async Task<SmallDisk> MountAsync(TestPostgres postgres)
    {
        var folder = Path.Combine(postgres.Server.Directory, "small-disk");
        Directory.CreateDirectory(folder);
        var disk = new SmallDisk(postgres, folder, await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Size},mode=0755", "tmpfs", folder));
        disk.Database = await postgres.CreateDatabaseAsync();
        if (disk.IsReal)
        {
            // It belongs to whoever runs the server, as the folder beside it does.
            var tablespace = Path.Combine(folder, "tablespace");
            Directory.CreateDirectory(tablespace);
            Assert.True(await RunAsync("chown", $"--reference={Path.Combine(postgres.Server.Directory, "data")}", tablespace));
            await ExecuteAsync(postgres.Server.SuperuserConnectionString, $"CREATE TABLESPACE small LOCATION '{tablespace}'");
            await ExecuteAsync(postgres.Server.SuperuserConnectionString, $"ALTER DATABASE {disk.Database.Name} SET TABLESPACE small");
        }

        return disk;
    }

    /// <summary>Leaves no room for a further page.</summary>
    public async Task FillAsync(TestOrganization organization)
    {
        if (!IsReal)
        {
            await ExecuteAsync(Database.OwnerConnectionString, $"""
                CREATE FUNCTION {organization.Organization.Schema}.full_disk() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
                CREATE TRIGGER full_disk BEFORE INSERT ON {organization.Organization.Schema}.members EXECUTE FUNCTION {organization.Organization.Schema}.full_disk();
                """);
            return;
        }

        await using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                await ballast.WriteAsync(block);
            }
        }
        catch (IOException)
        {
            // That is what it was for.
        }
    }

    /// <summary>Gives the room back.</summary>
    public async Task FreeAsync(TestOrganization organization)
    {
        if (IsReal)
        {
            File.Delete(Ballast);
            return;
        }

        await ExecuteAsync(Database.OwnerConnectionString, $"DROP FUNCTION {organization.Organization.Schema}.full_disk() CASCADE");
    }

    public async ValueTask DisposeAsync()
    {
        if (IsReal)
        {
            // The server has to let go of it first.
            NpgsqlConnection.ClearAllPools();
            await postgres.Server.StopAsync();
            Assert.True(await RunAsync("umount", "-l", folder));
        }
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await using var command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
