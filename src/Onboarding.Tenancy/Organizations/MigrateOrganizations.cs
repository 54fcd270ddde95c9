using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Organizations;

/// <summary>How a run stands.</summary>
/// <param name="Total">Organizations that were behind when it began.</param>
/// <param name="Done">Brought up to date.</param>
/// <param name="Failed">Quarantined: their error is in the catalogue.</param>
public sealed record MigrationProgress(int Total, int Done, int Failed);

/// <summary>Who is behind, for whoever watches.</summary>
/// <param name="Behind">How many.</param>
/// <param name="Quarantined">How many of them a run has failed at.</param>
/// <param name="Named">Some of their identifiers, those that were failed at first.</param>
public sealed record Laggards(int Behind, int Quarantined, IReadOnlyList<string> Named);

/// <summary>Brings every organization that is behind to the latest schema version.</summary>
/// <remarks>
/// One query finds who is behind. Each is migrated in one round trip and one transaction that also writes its version,
/// so a run that is killed resumes where it was and touches nobody twice (FAULT-16). A failure stays with its
/// organization (FAULT-17). Organizations that never finished provisioning are finished here too.
/// </remarks>
public sealed class MigrateOrganizations(
    IDbContextFactory<PlatformDbContext> platform, OwnerDataSource owner, TenantSchema schema, ProvisionOrganization provision)
{
    /// <summary>Runs until nobody is behind whom it has not tried.</summary>
    /// <param name="parallel">How many at a time.</param>
    /// <param name="progress">Told after each organization.</param>
    public async Task<MigrationProgress> RunAsync(int parallel, Action<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        var behind = await BehindAsync(cancellationToken);
        int done = 0, failed = 0;
        await Parallel.ForEachAsync(
            behind,
            new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            async (organization, cancellation) =>
            {
                if (await MigrateAsync(organization, cancellation))
                {
                    Interlocked.Increment(ref done);
                }
                else
                {
                    Interlocked.Increment(ref failed);
                }

                progress?.Invoke(new(behind.Count, Volatile.Read(ref done), Volatile.Read(ref failed)));
            });
        return new(behind.Count, done, failed);
    }

    /// <summary>Who is behind, in one query.</summary>
    public async Task<IReadOnlyList<Organization>> BehindAsync(CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        return await Behind(db).OrderBy(o => o.Id).ToListAsync(cancellationToken);
    }

    /// <summary>The same in numbers, and so many by name: a probe that comes every few seconds must not read a thousand of them.</summary>
    public async Task<Laggards> LaggardsAsync(int named, CancellationToken cancellationToken)
    {
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        var count = await Behind(db).GroupBy(_ => 1)
            .Select(all => new { Behind = all.Count(), Quarantined = all.Count(o => o.MigrationError != null) })
            .SingleOrDefaultAsync(cancellationToken);
        return count is null
            ? new(0, 0, [])
            : new(count.Behind, count.Quarantined, await Behind(db)
                .OrderBy(o => o.MigrationError == null).ThenBy(o => o.Identifier)
                .Select(o => o.Identifier).Take(named).ToListAsync(cancellationToken));
    }

    /// <summary>
    /// Those that are behind. Whoever is on the way out counts too, unless there is no schema: they may be restored and serve at
    /// once, or be held by a subscription whose end has to be heard of.
    /// </summary>
    public IQueryable<Organization> Behind(PlatformDbContext db) =>
        db.Organizations.AsNoTracking().Where(o => o.SchemaVersion < schema.Latest && (o.Status != OrganizationStatus.Deleting || o.SchemaVersion > 0));

    private async Task<bool> MigrateAsync(Organization organization, CancellationToken cancellationToken)
    {
        try
        {
            if (organization is { Status: OrganizationStatus.Provisioning, SchemaVersion: 0 })
            {
                await provision.RunAsync(organization, cancellationToken);
                return true;
            }

            await using var command = owner.Value.CreateCommand(Script(organization));
            command.CommandTimeout = 600;
            await command.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == ProvisionOrganization.NothingToDo)
        {
            return true;
        }
        catch (PostgresException exception)
        {
            await QuarantineAsync(organization, exception, cancellationToken);
            return false;
        }
    }

    private string Script(Organization organization) => $"""
        SELECT set_config('lock_timeout', '5s', true);
        {ProvisionOrganization.ClaimVersion(organization, $"schema_version = {organization.SchemaVersion}", $"schema_version = {schema.Latest}")}
        SELECT set_config('search_path', '{organization.Schema}', true);
        {schema.ScriptFrom(organization.SchemaVersion)}
        {ProvisionOrganization.Grants(organization)}
        """;

    private async Task QuarantineAsync(Organization organization, PostgresException exception, CancellationToken cancellationToken)
    {
        await using var command = owner.Value.CreateCommand(
            "UPDATE platform.organizations SET migration_error = left($1, 2000), changed_at = clock_timestamp() WHERE id = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"{exception.SqlState}: {exception.MessageText}" });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = organization.Key });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
