using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>The database's disk is full for a while; it is a server of this class's own.</summary>
public sealed class DiskFullTests(ITestOutputHelper output)
{
    private const int AtOnce = 8;

    [Fact] // FAULT-18
    public async Task While_it_is_full_writes_say_come_back_reads_go_on_and_afterwards_everything_is_there_that_was_promised()
    {
        await using var postgres = await TestPostgres.StartAsync(new Dictionary<string, string> { ["autovacuum"] = "off" });
        await using var disk = await SmallDisk.MountAsync(postgres);
        if (!disk.IsReal)
        {
            output.WriteLine("Mounting is not allowed here: no disk was filled, a trigger answered as PostgreSQL does on a full one.");
        }

        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(disk.Database, smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();

        var accepted = new List<string>();
        var refused = 0;
        await disk.FillAsync(organization);
        for (var round = 0; refused < 5 * AtOnce; round++)
        {
            // The pages that are there take some more rows.
            Assert.True(round < 1_000, "The disk does not become full.");
            var names = Enumerable.Range(0, AtOnce).Select(i => $"person-{round}-{i}").ToList();
            foreach (var (name, answer) in names.Zip(await Task.WhenAll(names.Select(name => organization.RegisterAsync(name)))))
            {
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    accepted.Add(name);
                    continue;
                }

                Assert.Equal("server.unavailable", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
                Assert.NotNull(answer.Headers.RetryAfter?.Delta);
                refused++;
            }
        }

        await (await admin.GetAsync("/me")).OkAsync();
        await (await admin.GetAsync("/members")).OkAsync();
        await (await app.ClientFor(null).GetAsync("/health/ready")).OkAsync();

        await disk.FreeAsync(organization);
        for (var i = 0; i < AtOnce; i++)
        {
            await (await organization.RegisterAsync($"person-after-{i}")).OkAsync(HttpStatusCode.Accepted);
            accepted.Add($"person-after-{i}");
        }

        // What was accepted is there and nothing else, in every index too, and each has the one mail.
        Assert.Equal(
            accepted.Order(StringComparer.Ordinal),
            (await organization.QueryAsync<string>("SELECT user_name FROM members WHERE user_name LIKE 'person-%'")).Order(StringComparer.Ordinal));
        await Eventually.HoldsAsync(
            async () =>
            {
                await disk.Database.FallDueAsync("due_at > now() + interval '3 seconds' AND attempt > 0");
                return await organization.CountAsync("platform.work") == 0;
            },
            "the queue is empty");

        // Not while workers read what it locks: whoever then writes as well would be a deadlock.
        await using (var rebuild = disk.Database.Owner.CreateCommand($"REINDEX SCHEMA {organization.Organization.Schema}"))
        {
            await rebuild.ExecuteNonQueryAsync();
        }

        foreach (var name in accepted)
        {
            Assert.Single(smtp.For(organization.EmailOf(name)).Select(mail => mail.MessageId).Distinct());
        }
    }
}
