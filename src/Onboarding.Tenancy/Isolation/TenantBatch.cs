using Npgsql;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Isolation;

/// <summary>Statements of many organizations in one round trip and one transaction: for work that comes in small pieces from everywhere.</summary>
/// <remarks>
/// Each statement runs with the role and the search path of its organization, which end with the transaction: it is as
/// isolated as a unit of work of its own (SEC-4), and an organization's statement that fails takes the whole batch with it.
/// Between the first and the last statement of one organization put no other's: settings are sent when it changes.
/// </remarks>
public sealed class TenantBatch : IAsyncDisposable
{
    private const string Settings = "SELECT set_config('search_path', $1, true), set_config('role', $2, true)";

    private readonly NpgsqlDataSource dataSource;
    private readonly NpgsqlBatch batch;
    private readonly bool isOwn;
    private readonly List<Func<NpgsqlDataReader, CancellationToken, Task>?> results = [];
    private string? current;
    private bool shown;

    private TenantBatch(NpgsqlDataSource dataSource, NpgsqlBatch batch, bool isOwn) => (this.dataSource, this.batch, this.isOwn) = (dataSource, batch, isOwn);

    /// <summary>A batch that is a transaction of its own.</summary>
    public static TenantBatch Of(NpgsqlDataSource dataSource) => new(dataSource, dataSource.CreateBatch(), isOwn: true);

    /// <summary>A batch in a transaction that is under way.</summary>
    public static TenantBatch In(NpgsqlDataSource dataSource, NpgsqlTransaction transaction) =>
        new(dataSource, new NpgsqlBatch(transaction.Connection, transaction), isOwn: false);

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => results.Count == 0;

    /// <summary>How long one answer may take; the connection string says so where this does not.</summary>
    public TimeSpan Timeout
    {
        get => TimeSpan.FromSeconds(batch.Timeout);
        set => batch.Timeout = (int)value.TotalSeconds;
    }

    /// <summary>Adds a statement that returns no rows.</summary>
    public void Add(Organization organization, string sql, params NpgsqlParameter[] parameters) => Add(organization.Schema, organization.Schema, sql, null, parameters);

    /// <summary>Adds a statement that returns rows.</summary>
    /// <param name="organization">Whose it is.</param>
    /// <param name="read">Reads one row.</param>
    /// <param name="sql">The statement, with <c>$1</c> and so on.</param>
    /// <param name="parameters">Its values.</param>
    public void AddQuery(Organization organization, Action<NpgsqlDataReader> read, string sql, params NpgsqlParameter[] parameters) =>
        Add(organization.Schema, organization.Schema, sql, read, parameters);

    /// <summary>Adds a statement about <c>platform</c>, as the application itself, that returns no rows.</summary>
    public void AddShared(string sql, params NpgsqlParameter[] parameters) => Add("nobody", "none", sql, null, parameters);

    /// <summary>Adds a statement about <c>platform</c>, as the application itself, that returns rows.</summary>
    public void AddSharedQuery(Action<NpgsqlDataReader> read, string sql, params NpgsqlParameter[] parameters) => Add("nobody", "none", sql, read, parameters);

    /// <summary>Runs everything, in order.</summary>
    /// <exception cref="PostgresException">A statement failed; so did the batch.</exception>
    /// <exception cref="UnreadableRowException">A row holds what no reader can make anything of.</exception>
    public async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        if (IsEmpty)
        {
            return;
        }

        try
        {
            await TryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (TransientFailures.IsRoleUnseen(exception))
        {
            // Whoever tries again does so on a new connection: here, where nothing was done and nobody has read anything yet.
            dataSource.Clear();
            if (!isOwn || shown)
            {
                throw;
            }

            await TryAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => batch.DisposeAsync();

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        foreach (var read in results)
        {
            if (read is not null)
            {
                await read(reader, cancellationToken);
                await reader.NextResultAsync(cancellationToken);
            }
        }
    }

    private void Add(string searchPath, string role, string sql, Action<NpgsqlDataReader>? read, NpgsqlParameter[] parameters)
    {
        if (current != role)
        {
            current = role;
            batch.BatchCommands.Add(new(Settings) { Parameters = { new NpgsqlParameter<string> { TypedValue = searchPath }, new NpgsqlParameter<string> { TypedValue = role } } });
            results.Add(static (_, _) => Task.CompletedTask);
        }

        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.AddRange(parameters);
        batch.BatchCommands.Add(command);
        results.Add(read is null ? null : async (reader, cancellationToken) =>
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                Read(reader);
            }
        });

        void Read(NpgsqlDataReader row)
        {
            shown = true;
            try
            {
                read(row);
            }
            catch (Exception exception)
            {
                throw new UnreadableRowException(role, exception);
            }
        }
    }
}
