using Npgsql;

namespace Onboarding.Tenancy.Data;

/// <summary>A schema beside <c>platform</c> that another part of the product brings along.</summary>
public interface ISharedSchema
{
    /// <summary>Its name; the application may read and write every table in it.</summary>
    string Name { get; }

    /// <summary>Brings its tables up to date; those of <c>platform</c> are by then.</summary>
    Task MigrateAsync(NpgsqlDataSource owner, CancellationToken cancellationToken);

    /// <summary>An SQL condition on which organization <c>$1</c> must not be deleted yet; null for none.</summary>
    string? Holds => null;

    /// <summary>An SQL condition on which organization <c>$1</c>, whose deletion may begin, must not be removed yet. It ends by itself. Null for none.</summary>
    string? Delays => null;

    /// <summary>SQL that removes what is known of organization <c>$1</c> and does not go with its row in the catalogue; null for nothing. The row is still there.</summary>
    string? Forget => null;
}
