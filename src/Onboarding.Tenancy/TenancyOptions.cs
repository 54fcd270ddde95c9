using System.ComponentModel.DataAnnotations;

namespace Onboarding.Tenancy;

/// <summary>Section <c>Tenancy</c>: how organizations are kept in memory, and for how long when they leave.</summary>
public sealed class TenancyOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Tenancy";

    /// <summary>How long a node may serve an organization from memory when no notification reaches it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CacheLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an organization that is to be deleted can be restored (SEC-7).</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "365.00:00:00", ErrorMessage = "Tenancy:DeletionGrace must be between 1 and 365 days.")]
    public TimeSpan DeletionGrace { get; set; } = TimeSpan.FromDays(30);
}

/// <summary>Section <c>Database</c>: the two logins.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Database";

    /// <summary>The application's login: NOINHERIT, owns nothing, reaches a tenant only by taking its role for a transaction.</summary>
    [Required(ErrorMessage = "Database:ConnectionString is missing: the application's PostgreSQL login.")]
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// The owner's login: makes roles and schemas, migrates, and is used for nothing else. Nodes that neither provision
    /// nor migrate need none.
    /// </summary>
    public string? OwnerConnectionString { get; set; }
}

/// <summary>Section <c>Fairness</c>: how much of a node the requests of one organization may take (FAULT-20, SEC-50, PERF-10).</summary>
public sealed class FairnessOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Fairness";

    /// <summary>How many of them a node begins in a second; who comes faster waits for a turn. The longer one has a connection, the more it counts, as twenty at most. 500 for each core unless said.</summary>
    [Range(1, 10_000_000)]
    public int? RequestsPerSecond { get; set; }

    /// <summary>How many of the pool's connections they use at once; half of the pool unless said.</summary>
    [Range(1, 10_000)]
    public int? ConnectionsPerOrganization { get; set; }

    /// <summary>How many of them may wait for one; whoever comes then is refused at once.</summary>
    [Range(1, 100_000)]
    public int WaitingPerOrganization { get; set; } = 256;

    /// <summary>How long one waits before it is refused.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:10")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>Section <c>Exports</c>: how long whoever reads an export may hold a connection of the database for it (SEC-50).</summary>
public sealed class ExportOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Exports";

    /// <summary>How many a node serves at once; whoever comes then is to come back later.</summary>
    [Range(1, 100)]
    public int AtOnce { get; set; } = 2;

    /// <summary>The slowest that one is read. Who is slower is broken off once <see cref="Patience"/> is used up.</summary>
    [Range(1024, 1_000_000_000)]
    public int BytesPerSecond { get; set; } = 64 * 1024;

    /// <summary>How long whoever reads one may take nothing, or too little.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one may take, however fast it is read: as long PostgreSQL keeps what was deleted meanwhile, in all tables.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan Longest { get; set; } = TimeSpan.FromHours(6);

    /// <summary>
    /// When PostgreSQL ends the transaction of a node that has stopped without a word: later than the node itself breaks off. What lies in
    /// buffers between the two, some MiB, is not read before whoever reads makes room.
    /// </summary>
    internal TimeSpan UntilAbandoned => Patience + TimeSpan.FromSeconds(8.0 * 1024 * 1024 / BytesPerSecond);
}
