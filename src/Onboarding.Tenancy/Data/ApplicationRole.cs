using Npgsql;

namespace Onboarding.Tenancy.Data;

/// <summary>The application's PostgreSQL role, as SQL names it.</summary>
/// <param name="connectionString">The application's connection string.</param>
public sealed class ApplicationRole(string connectionString)
{
    /// <summary>Group of all organizations' roles; carries the one right they have outside their schema.</summary>
    public const string TenantGroup = "onboarding_tenant";

    private readonly NpgsqlConnectionStringBuilder settings = new(connectionString);

    /// <summary>Its name as a quoted identifier.</summary>
    public string QuotedName => $"\"{Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Its name as a quoted literal.</summary>
    internal string NameLiteral => Literal(Name);

    /// <summary>Its password as a quoted literal.</summary>
    internal string PasswordLiteral => Literal(settings.Password ?? "");

    private string Name => settings.Username ?? throw new InvalidOperationException("Database:ConnectionString names no user.");

    private static string Literal(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
