using System.Security.Cryptography;
using System.Text;

namespace Onboarding.Api.Development;

/// <summary>
/// Who runs the server. PostgreSQL refuses root, so a developer who is root (a container, a build machine) has it run
/// by <c>postgres</c> where that user exists, else by <c>nobody</c>. Everyone else runs it themselves.
/// </summary>
internal sealed class UnprivilegedUser
{
    private readonly string? name;
    private readonly string[] prefix;

    private UnprivilegedUser(string? name, string[] prefix) => (this.name, this.prefix) = (name, prefix);

    /// <exception cref="PrivatePostgresException">The machine has no such user, or no program to become it.</exception>
    public static async Task<UnprivilegedUser> ForServerAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return new UnprivilegedUser(null, []);
        }

        foreach (var name in new[] { "postgres", "nobody" })
        {
            var user = await IdAsync("-u", name, cancellationToken);
            var group = await IdAsync("-g", name, cancellationToken);
            if (user is null || group is null)
            {
                continue;
            }

            // setpriv becomes the program it runs; runuser stays as its parent. BusyBox's setpriv, a link, changes no user.
            if (Command.Find("setpriv") is { } setpriv && new FileInfo(setpriv).LinkTarget is null)
            {
                return new UnprivilegedUser(name, [setpriv, $"--reuid={user}", $"--regid={group}", "--init-groups"]);
            }

            return Command.Find("runuser") is { } runuser
                ? new UnprivilegedUser(name, [runuser, "-u", name, "--"])
                : throw new PrivatePostgresException("PostgreSQL refuses to run as root and setpriv was not found: install util-linux (Alpine: `apk add setpriv`), or start as another user.");
        }

        throw new PrivatePostgresException("PostgreSQL refuses to run as root and there is no user postgres or nobody: start as another user.");
    }

    /// <summary>The command line under which this user runs the given one.</summary>
    public string[] Run(params IEnumerable<string> commandLine) => [.. prefix, .. commandLine];

    /// <summary>Makes a folder that belongs to this user alone.</summary>
    /// <returns>The folder made: the wanted one, or one below <c>/var/tmp</c> where this user cannot reach it (a clone below <c>/root</c>).</returns>
    public async Task<string> MakeDirectoryAsync(string wanted, CancellationToken cancellationToken)
    {
        if (name is null)
        {
            Create(wanted);
            return wanted;
        }

        if (await OwnAsync(wanted, cancellationToken))
        {
            return wanted;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..16];
        var elsewhere = $"/var/tmp/onboarding-{hash}";
        return await OwnAsync(elsewhere, cancellationToken)
            ? elsewhere
            : throw new PrivatePostgresException($"The user {name}, who runs PostgreSQL because you are root, can use neither {wanted} nor {elsewhere}.");
    }

    /// <summary>Gives a file to this user.</summary>
    public async Task GiveAsync(string path, CancellationToken cancellationToken)
    {
        if (name is not null)
        {
            await Command.RunAsync(["chown", "-h", name, path], "/", cancellationToken);
        }
    }

    private async Task<bool> OwnAsync(string directory, CancellationToken cancellationToken)
    {
        var isNew = !Directory.Exists(directory);
        if (isNew)
        {
            Create(directory);
            await GiveAsync(directory, cancellationToken);
        }

        // Asked as that user: only it knows whether every folder on the way lets it through. A folder that somebody
        // else put under the predictable name in /var/tmp is not its own, and is refused.
        var check = await Command.RunAsync(
            Run("sh", "-c", """test -O "$1" && test ! -L "$1" && cd "$1" """, "sh", directory), "/", cancellationToken);
        if (check.ExitCode != 0 && isNew)
        {
            Directory.Delete(directory);
        }

        return check.ExitCode == 0;
    }

    private static void Create(string directory)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static async Task<string?> IdAsync(string what, string user, CancellationToken cancellationToken)
    {
        var result = await Command.RunAsync(["id", what, user], "/", cancellationToken);
        return result.ExitCode == 0 ? result.Output.Trim() : null;
    }
}
