using System.ComponentModel.DataAnnotations;

namespace Onboarding.Tenancy;

/// <summary>Section <c>Tenancy</c>: how organizations are kept in memory.</summary>
public sealed class TenancyOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Tenancy";

    /// <summary>How long a node may serve an organization from memory when no notification reaches it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CacheLifetime { get; set; } = TimeSpan.FromMinutes(5);
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
