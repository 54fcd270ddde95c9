using Microsoft.Extensions.Logging.Abstractions;

namespace Onboarding.Api.Development;

/// <summary>How a private cluster is to be made and started.</summary>
public sealed class PrivatePostgresOptions
{
    /// <summary>
    /// The cluster's own folder: <c>data/</c>, <c>server.log</c>, <c>superuser.password</c> and <c>lock</c> stand in it.
    /// Made when missing, and kept after a stop. One process at a time.
    /// </summary>
    public required string Directory { get; init; }

    /// <summary>Whether commits survive a crash of the machine. <c>false</c> is for tests: no fsync, no full-page writes. Default <c>true</c>.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>PostgreSQL's <c>max_connections</c>. Default 100.</summary>
    public int MaxConnections { get; init; } = 100;

    /// <summary>Deletes an existing cluster first, with all its data. Default <c>false</c>.</summary>
    public bool Reset { get; init; }

    /// <summary>Further lines of <c>postgresql.conf</c>, by name; they win over the ones set here.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where is said what was made, moved or stopped. Default: nowhere.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
