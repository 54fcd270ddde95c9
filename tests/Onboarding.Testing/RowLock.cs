using Npgsql;

namespace Onboarding.Testing;

/// <summary>Rows held by a connection of its own, so that a test decides when those who want them go on: a race without luck.</summary>
public sealed class RowLock : IAsyncDisposable
{
    // Whoever waits for us, and whoever waits for those in turn: the second in a row's queue waits for the first.
    private const string Waiting = """
        WITH RECURSIVE waiting(pid) AS (
          SELECT pid FROM pg_stat_activity WHERE @holder = ANY (pg_blocking_pids(pid))
          UNION
          SELECT a.pid FROM pg_stat_activity a JOIN waiting w ON w.pid = ANY (pg_blocking_pids(a.pid)))
        SELECT count(*) FROM waiting
        """;

    private readonly NpgsqlConnection holder;
    private readonly NpgsqlConnection observer;

    private RowLock(NpgsqlConnection holder, NpgsqlConnection observer) => (this.holder, this.observer) = (holder, observer);

    /// <summary>The holder's session, which the waiting sessions are blocked by.</summary>
    public int ProcessId => holder.ProcessID;

    /// <summary>Holds what <paramref name="sql"/> locks, such as <c>SELECT 1 FROM members FOR UPDATE</c>, in the organization's schema.</summary>
    public static async Task<RowLock> HoldAsync(TestOrganization organization, string sql)
    {
        var result = new RowLock(organization.App.Database.Owner.CreateConnection(), organization.App.Database.Owner.CreateConnection());
        await result.holder.OpenAsync();
        await result.observer.OpenAsync();
        await ExecuteAsync(result.holder, $"BEGIN; SELECT set_config('search_path', '{organization.Organization.Schema}', true); {sql}");
        return result;
    }

    /// <summary>Returns once so many others wait for nobody but the holder: none of them for another one.</summary>
    public Task WaitForOwnWaitersAsync(int count) => WaitAsync("SELECT count(*) FROM pg_stat_activity WHERE pg_blocking_pids(pid) = ARRAY[@holder]", count);

    /// <summary>Returns once so many others wait. Read from a second connection: inside the holder's transaction the view is frozen.</summary>
    public Task WaitForWaitersAsync(int count) => WaitAsync(Waiting, count);

    private Task WaitAsync(string sql, int count) => Eventually.HoldsAsync(
        async () =>
        {
            await using var command = observer.CreateCommand();
            command.CommandText = sql;
            command.Parameters.AddWithValue("holder", holder.ProcessID);
            return (long)(await command.ExecuteScalarAsync())! >= count;
        },
        $"{count} wait for the rows");

    /// <summary>Lets go, after one last change where <paramref name="sql"/> names one.</summary>
    public Task ReleaseAsync(string sql = "") => ExecuteAsync(holder, $"{sql}; COMMIT");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await holder.DisposeAsync();
        await observer.DisposeAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
