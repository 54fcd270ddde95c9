using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>Connections break before a COMMIT: what was not done yet is done once more, and no more often.</summary>
public sealed class TransientFailureTests(ApiFixture fixture)
{
    [Fact] // FAULT-4
    public async Task A_transaction_whose_connection_broke_before_its_commit_is_repeated()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        await using var row = await HoldAsync(organization, id);
        var call = admin.PostAsJsonAsync($"/members/{id}/approve", new { });
        await BreakAsync(row, organization);
        await row.WaitForWaitersAsync(1);
        await row.ReleaseAsync();

        await (await call).OkAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE subject_id = '{id}' AND action = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
    }

    [Fact] // FAULT-4
    public async Task It_is_repeated_once_only_and_then_the_client_is_told_to_come_back()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        await using (var row = await HoldAsync(organization, id))
        {
            var call = admin.PostAsJsonAsync($"/members/{id}/approve", new { });
            await BreakAsync(row, organization);
            await BreakAsync(row, organization);

            var answer = await call;
            Assert.Equal("server.unavailable", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
            Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        }

        Assert.Equal(0, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
        await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).OkAsync();
    }

    [Fact] // FAULT-4
    public async Task While_the_database_is_away_every_call_says_so_and_once_it_is_back_none_does()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = new TestApp(
            fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Database:ConnectionString"] = proxy.ConnectionString }, Nodes.WithoutJobs);
        node.StartServer();
        var organization = await fixture.OrganizationAsync();
        using var anonymous = node.ClientFor(organization.Identifier);
        using var admin = node.ClientFor(organization.Identifier);
        admin.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.TokensAsync("admin")).Access());
        Func<string, Task<HttpResponseMessage>>[] calls =
        [
            name => anonymous.PostAsJsonAsync("/register", new { username = name, email = organization.EmailOf(name), full_name = "Ada Lovelace" }),
            _ => anonymous.PostAsJsonAsync("/login", new { username = "user", password = TestOrganization.Password }),
            _ => admin.GetAsync("/members"),
            _ => admin.GetAsync("/me"),
        ];

        proxy.Down();
        foreach (var call in calls)
        {
            var answer = await call("ada");
            Assert.Equal("server.unavailable", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
            Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        }

        // Connections to a server that went away lie in the pool; none of them may cost an answer.
        proxy.Up();
        foreach (var call in calls)
        {
            Assert.True((await call("ada")).IsSuccessStatusCode);
        }

        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => calls[i % calls.Length]($"person-{i}")));
        proxy.Down();
        proxy.Up();
        foreach (var answer in await Task.WhenAll(Enumerable.Range(6, 6).Select(i => calls[i % calls.Length]($"person-{i}"))))
        {
            Assert.True(answer.IsSuccessStatusCode);
        }
    }

    private static Task<RowLock> HoldAsync(TestOrganization organization, Guid id) =>
        RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{id}' FOR UPDATE");

    /// <summary>Ends the session that waits for the row, with 57P01.</summary>
    private static async Task BreakAsync(RowLock row, TestOrganization organization)
    {
        await row.WaitForWaitersAsync(1);
        await using var terminate = organization.App.Database.Owner.CreateCommand("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE @holder = ANY (pg_blocking_pids(pid))");
        terminate.Parameters.AddWithValue("holder", row.ProcessId);
        await terminate.ExecuteNonQueryAsync();
    }
}
