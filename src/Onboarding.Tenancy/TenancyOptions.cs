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

    /// <summary>How many of them a node begins in a second, whatever they ask for; who comes faster waits for a turn. 500 for each core unless said.</summary>
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
