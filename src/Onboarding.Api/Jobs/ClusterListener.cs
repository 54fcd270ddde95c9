using System.Diagnostics;
using Npgsql;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Jobs;

/// <summary>Hears what other nodes did, and looks once a second in case it did not hear.</summary>
internal sealed partial class ClusterListener(
    NpgsqlDataSource dataSource, QueueBell bell, RevokedTokens revoked, CachedOrganizationStore organizations, ILogger<ClusterListener> logger)
    : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it was: what leaves a background service stops the node.
                Lost(exception);
                await Task.Delay(Poll, stoppingToken);
            }
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(stoppingToken);
        var heard = new HashSet<string>(StringComparer.Ordinal);
        connection.Notification += (_, notification) =>
        {
            if (notification.Channel == ClusterSignals.Work)
            {
                bell.Hear(notification.Payload);
            }
            else
            {
                heard.Add(notification.Channel);
            }
        };
        await using (var listen = connection.CreateCommand())
        {
            listen.CommandText = $"LISTEN {ClusterSignals.Work}; LISTEN {ClusterSignals.Organization}; LISTEN {ClusterSignals.Revocation};";
            await listen.ExecuteNonQueryAsync(stoppingToken);
        }

        // What happened while nobody listened.
        await organizations.ForgetAsync();
        try
        {
            while (true)
            {
                await revoked.RefreshAsync(stoppingToken);
                await organizations.ForgetChangedAsync(stoppingToken);
                await HearAsync(connection, heard, stoppingToken);
                if (heard.Contains(ClusterSignals.Organization))
                {
                    await organizations.ForgetAsync();
                }

                heard.Clear();
            }
        }
        finally
        {
            // Connections are not reset when they go back to the pool.
            await UnlistenAsync(connection);
        }
    }

    // Of work there is much to hear, which is no reason to look at anything else more often.
    private static async Task HearAsync(NpgsqlConnection connection, HashSet<string> heard, CancellationToken stoppingToken)
    {
        var since = Stopwatch.GetTimestamp();
        while (heard.Count == 0 && Poll - Stopwatch.GetElapsedTime(since) is { TotalMilliseconds: >= 1 } left)
        {
            await connection.WaitAsync(left, stoppingToken);
        }
    }

    private static async Task UnlistenAsync(NpgsqlConnection connection)
    {
        if (connection.State == System.Data.ConnectionState.Open)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "UNLISTEN *";
            await command.ExecuteNonQueryAsync();
        }
    }

    [LoggerMessage(LogLevel.Warning, "The connection that listens for other nodes was lost; it is opened again.")]
    private partial void Lost(Exception exception);
}
