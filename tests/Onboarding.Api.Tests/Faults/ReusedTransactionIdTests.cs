using System.Globalization;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>
/// PostgreSQL crashes with a COMMIT on its way to it. What the transaction wrote had not reached the log, so after the
/// recovery another transaction gets its id: "committed" is then the answer about somebody else.
/// </summary>
public sealed class ReusedTransactionIdTests
{
    [Fact] // FAULT-5
    public async Task A_transaction_lost_in_a_crash_is_not_taken_for_the_one_that_got_its_id()
    {
        // Left to itself, the server would write what it has of a transaction to the log within 0.2 s, and full pages at once.
        await using var postgres = await TestPostgres.StartAsync(new Dictionary<string, string> { ["synchronous_commit"] = "on", ["wal_writer_delay"] = "10s" });
        await using var smtp = TestSmtpServer.Start();
        var database = await postgres.CreateDatabaseAsync();
        await using var proxy = PostgresProxy.Start(database.ApplicationConnectionString);
        await using var app = new TestApp(
            database, smtp, new Dictionary<string, string?> { ["Database:ConnectionString"] = proxy.ConnectionString }, Nodes.WithoutJobs);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();

        await organization.QueryAsync<NpgsqlTypes.NpgsqlLogSequenceNumber>("SELECT pg_switch_wal()");
        var onItsWay = proxy.OnCommitOf("the note", CommitFate.SilenceBefore);
        var answer = admin.PostAsJsonAsync($"/members/{id}/approve", new { note = "the note" });
        await onItsWay;
        var lost = (await organization.QueryAsync<string>("SELECT backend_xid::text FROM pg_stat_activity WHERE backend_xid IS NOT NULL"))[0];
        await postgres.Server.RestartAsync(immediate: true);
        database.Owner.Clear();
        var first = await NextIdAsync(organization);
        Assert.True(first <= long.Parse(lost, CultureInfo.InvariantCulture), $"the lost transaction's id {lost} is given again, not {first}");
        while (await NextIdAsync(organization) <= long.Parse(lost, CultureInfo.InvariantCulture))
        {
            // Each look commits, and so uses one up.
        }

        proxy.Down();
        proxy.Up();
        await (await answer).OkAsync();
        Assert.Equal(["approved"], await organization.QueryAsync<string>($"SELECT status FROM members WHERE id = '{id}'"));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE subject_id = '{id}' AND action = 'member.approved'"));
        Assert.Equal(2, proxy.Marked);
    }

    private static async Task<long> NextIdAsync(TestOrganization organization) =>
        long.Parse((await organization.QueryAsync<string>("SELECT pg_current_xact_id()::text"))[0], CultureInfo.InvariantCulture);
}
