using System.Collections.Concurrent;
using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>PostgreSQL goes away under load and comes back; it is a server of this class's own.</summary>
public sealed class PostgresRestartTests
{
    private const int Clients = 4;
    private const int AnswersEach = 25;

    [Fact] // FAULT-4
    public async Task Under_load_a_restart_costs_503s_while_it_lasts_and_nothing_afterwards()
    {
        await using var postgres = await TestPostgres.StartAsync(new Dictionary<string, string> { ["synchronous_commit"] = "on" });
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        var access = (await organization.TokensAsync("admin")).Access();

        foreach (var immediate in new[] { false, true })
        {
            await RequireRestartIsSurvivedAsync(postgres, organization, access, immediate);
        }

        // What was under way when the server went is taken up again, and each person has one mail: a repeat has its Message-Id.
        await Eventually.HoldsAsync(
            async () =>
            {
                await app.Database.FallDueAsync("true");
                return await organization.CountAsync("platform.work") == 0;
            },
            "the queue is empty");
        foreach (var address in await organization.QueryAsync<string>("SELECT email FROM members WHERE user_name LIKE 'person-%'"))
        {
            Assert.Single(smtp.For(address).Select(mail => mail.MessageId).Distinct());
        }

        Assert.Equal(0, await organization.CountAsync("members m WHERE user_name LIKE 'person-%' AND (SELECT count(*) FROM audit_log a WHERE a.subject_id = m.id) <> 1"));
    }

    private static async Task RequireRestartIsSurvivedAsync(TestPostgres postgres, TestOrganization organization, string access, bool immediate)
    {
        var accepted = new ConcurrentBag<string>();
        var wrong = new ConcurrentBag<string>();
        using var back = new CancellationTokenSource();
        var load = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            using var member = organization.WithToken(access);
            for (var (call, after) = (0, 0); after < AnswersEach; call++)
            {
                // What begins after the server is back has no excuse.
                var isBack = back.IsCancellationRequested;
                after += isBack ? 1 : 0;
                var name = $"person-{(immediate ? 'i' : 'f')}-{client}-{call}";
                var isWrite = call % 2 == 0;
                using var answer = isWrite ? await organization.RegisterAsync(name) : await member.GetAsync("/members?limit=1");
                if (isWrite && answer.IsSuccessStatusCode)
                {
                    accepted.Add(name);
                }

                var isAway = answer.StatusCode == HttpStatusCode.ServiceUnavailable && answer.Headers.RetryAfter is not null
                    && await answer.CodeAsync(HttpStatusCode.ServiceUnavailable) == "server.unavailable";
                if (!answer.IsSuccessStatusCode && (isBack || !isAway))
                {
                    wrong.Add($"{(isBack ? "after" : "during")} {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                }
            }
        })).ToList();

        await Eventually.HoldsAsync(() => Task.FromResult(accepted.Count >= Clients), "the load is on");
        await postgres.Server.RestartAsync(immediate);
        organization.App.Database.Owner.Clear();
        await back.CancelAsync();
        await Task.WhenAll(load);

        Assert.Empty(wrong);
        Assert.Equal(
            accepted.Order(StringComparer.Ordinal),
            (await organization.QueryAsync<string>("SELECT user_name FROM members WHERE user_name LIKE 'person-%'"))
                .Where(name => accepted.Contains(name)).Order(StringComparer.Ordinal));
    }
}
