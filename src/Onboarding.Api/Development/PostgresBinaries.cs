using System.Globalization;
using System.Text.RegularExpressions;

namespace Onboarding.Api.Development;

/// <summary>The server programs of one PostgreSQL installation on this machine.</summary>
/// <param name="folder">Holds <c>postgres</c>, <c>initdb</c> and <c>pg_ctl</c>.</param>
internal sealed partial class PostgresBinaries(string folder)
{
    /// <summary>Folders in which installers put one subfolder per version: where, its name, and the programs inside it.</summary>
    private static readonly (string Root, string Name, string Programs)[] Installations = OperatingSystem.IsWindows()
        ? [(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL"), "*", "bin")]
        :
        [
            ("/usr/lib/postgresql", "*", "bin"),                                // Debian, Ubuntu
            ("/usr", "pgsql-*", "bin"),                                         // Fedora, RHEL with PostgreSQL's own packages
            ("/usr/libexec", "postgresql*", ""),                                // Alpine
            ("/opt/homebrew/opt", "postgresql@*", "bin"),                       // Homebrew on Apple silicon
            ("/usr/local/opt", "postgresql@*", "bin"),                          // Homebrew on Intel
            ("/home/linuxbrew/.linuxbrew/opt", "postgresql@*", "bin"),
            ("/Applications/Postgres.app/Contents/Versions", "*", "bin"),
        ];

    public string Postgres { get; } = Program(folder, "postgres");

    public string InitDb { get; } = Program(folder, "initdb");

    public string PgCtl { get; } = Program(folder, "pg_ctl");

    /// <summary>Chooses an installation: the one that made the cluster where there is one, otherwise the first found.</summary>
    /// <param name="clusterVersion">The major version in the cluster's <c>PG_VERSION</c>, or null for a new cluster.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="PrivatePostgresException">Nothing is installed, or nothing of that version.</exception>
    public static async Task<PostgresBinaries> FindAsync(int? clusterVersion, CancellationToken cancellationToken)
    {
        var installed = Candidates()
            .Distinct()
            .Where(candidate => File.Exists(Program(candidate, "postgres")) && File.Exists(Program(candidate, "initdb")) && File.Exists(Program(candidate, "pg_ctl")))
            .Select(candidate => new PostgresBinaries(candidate))
            .ToList();

        if (installed.Count == 0)
        {
            throw new PrivatePostgresException($"PostgreSQL's server programs were not found: {InstallHint()}, or configure a connection string.");
        }

        if (clusterVersion is null)
        {
            return installed[0];
        }

        var seen = new SortedSet<int>();
        foreach (var binaries in installed)
        {
            var version = await binaries.MajorVersionAsync(cancellationToken);
            if (version == clusterVersion)
            {
                return binaries;
            }

            seen.Add(version);
        }

        throw new PrivatePostgresException(
            $"The private cluster was made by PostgreSQL {clusterVersion}, but this machine has {string.Join(", ", seen)}: start once with --reset to make a new one.");
    }

    /// <summary>Folders that may hold the programs, the preferred first: the environment variable PGBIN, PATH, then installers' folders, newest version first.</summary>
    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("PGBIN") is { Length: > 0 } chosen)
        {
            yield return chosen;
        }

        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            // A link in PATH leads to the folder in which its siblings and its share/ stand.
            var postgres = new FileInfo(Program(folder, "postgres"));
            if (postgres.Exists)
            {
                yield return Path.GetDirectoryName(postgres.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? postgres.FullName)!;
            }
        }

        foreach (var (root, name, programs) in Installations.Where(place => Directory.Exists(place.Root)))
        {
            foreach (var version in Directory.GetDirectories(root, name).OrderByDescending(VersionInName))
            {
                yield return Path.Combine(version, programs);
            }
        }
    }

    private static double VersionInName(string path) =>
        double.TryParse(TrailingNumber().Match(path).Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static string Program(string folder, string name) =>
        Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name);

    private static string InstallHint()
    {
        if (OperatingSystem.IsWindows())
        {
            return "run `winget install PostgreSQL.PostgreSQL.17`";
        }

        if (OperatingSystem.IsMacOS())
        {
            return "run `brew install postgresql@17`";
        }

        (string Manager, string Command)[] managers =
        [
            ("/usr/bin/apt-get", "apt-get install postgresql"),
            ("/usr/bin/dnf", "dnf install postgresql-server"),
            ("/sbin/apk", "apk add postgresql setpriv"),
        ];
        var command = managers.FirstOrDefault(known => File.Exists(known.Manager)).Command;
        return command is null ? "install the PostgreSQL server" : $"run `sudo {command}`";
    }

    private async Task<int> MajorVersionAsync(CancellationToken cancellationToken)
    {
        // "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"
        var result = await Command.RunAsync([Postgres, "--version"], Path.GetTempPath(), cancellationToken);
        return int.TryParse(MajorNumber().Match(result.Output).Groups[1].Value, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }

    [GeneratedRegex(@"[0-9]+(\.[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex TrailingNumber();

    [GeneratedRegex(@"\(PostgreSQL\) ([0-9]+)", RegexOptions.CultureInvariant)]
    private static partial Regex MajorNumber();
}
