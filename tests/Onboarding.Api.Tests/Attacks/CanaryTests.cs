using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>A word of its own in everything that an organization writes down, searched for in everything that the others get (adversarial isolation tests 9 and 10).</summary>
public sealed class CanaryTests(ApiFixture fixture)
{
    private const int People = 6;
    private static readonly string[] Decisions = ["member.approved", "member.rejected"];

    [Fact] // SEC-1, SEC-6, SEC-48, SEC-49
    public async Task Nothing_of_one_organization_shows_up_in_answers_mails_and_logs_of_another()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        (TestOrganization Organization, string Canary)[] nests = [(await TestOrganization.CreateAsync(app), "canaryalba"), (await TestOrganization.CreateAsync(app), "canarybruna"), (await TestOrganization.CreateAsync(app), "canarychloe")];

        await using var receiver = await TestReceiver.StartAsync();

        // At once, so that requests, jobs, mails and webhooks of all of them go through the same workers and connections.
        var answers = await Task.WhenAll(nests.Select(nest => LiveAsync(nest.Organization, nest.Canary, receiver)));
        foreach (var nest in nests)
        {
            await nest.Organization.SettledAsync();
        }

        var logs = app.Logs.Lines;
        for (var i = 0; i < nests.Length; i++)
        {
            var (organization, canary) = nests[i];
            Assert.Contains(answers[i], answer => answer.Contains(canary, StringComparison.Ordinal));
            foreach (var (_, other) in nests.Where(nest => nest.Canary != canary))
            {
                Assert.DoesNotContain(answers[i], answer => answer.Contains(other, StringComparison.OrdinalIgnoreCase));
            }

            for (var person = 0; person < People; person++)
            {
                var mails = smtp.For($"{canary}{person}@x.test");
                Assert.Equal(2, mails.Count);
                Assert.All(mails, mail =>
                {
                    Assert.Contains(canary, mail.Text, StringComparison.Ordinal);
                    Assert.Contains(organization.Organization.Name, mail.Text, StringComparison.Ordinal);
                    Assert.DoesNotContain(nests.Where(nest => nest.Canary != canary), nest =>
                        (mail.Text + mail.Html + mail.Subject).Contains(nest.Canary, StringComparison.OrdinalIgnoreCase) || (mail.Text + mail.Html).Contains(nest.Organization.Identifier, StringComparison.Ordinal));
                });
            }

            var webhooks = receiver.Requests.Where(request => request.Path == $"/{canary}").ToList();
            Assert.Equal(People, webhooks.Count);
            Assert.All(webhooks, webhook =>
            {
                Assert.Equal($"Header of {canary}", webhook.Headers["x-nest"]);
                Assert.Contains(canary, webhook.Text, StringComparison.Ordinal);
                Assert.DoesNotContain(nests.Where(nest => nest.Canary != canary), nest => webhook.Text.Contains(nest.Canary, StringComparison.OrdinalIgnoreCase));
            });

            // Names, addresses, notes and reasons are nobody's in a log, at any level.
            Assert.DoesNotContain(logs, line => line.Contains(canary, StringComparison.OrdinalIgnoreCase));
        }

        Assert.DoesNotContain(logs, line => line.Contains(TestOrganization.Password, StringComparison.Ordinal));
    }

    /// <summary>People register, prove their address and are decided about; then everything that can be read is read.</summary>
    private static async Task<IReadOnlyList<string>> LiveAsync(TestOrganization organization, string canary, TestReceiver receiver)
    {
        using var admin = await organization.SignInAsync();
        using var user = await organization.SignInAsync("user");
        await (await user.PatchAsJsonAsync("/me", new { full_name = $"Renamed {canary}" })).OkAsync();
        await (await admin.PostAsJsonAsync("/webhooks/endpoints", new
        {
            url = new Uri(receiver.Url, $"/{canary}"), description = $"Endpoint of {canary}", event_types = Decisions, headers = new Dictionary<string, string> { ["x-nest"] = $"Header of {canary}" },
        })).OkAsync(HttpStatusCode.Created);
        await Task.WhenAll(Enumerable.Range(0, People).Select(person => JoinAsync(organization, admin, canary, person)));
        await (await admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { reason = $"Suspended {canary}" })).OkAsync();

        var key = await admin.CreateKeyAsync(new { name = $"Key of {canary}", scopes = new[] { Permissions.ReadMembers } });
        using var machine = organization.WithKey(key);

        await organization.DeliveriesAsync("delivered", People);
        var answers = new List<string>();
        var ids = await organization.QueryAsync<Guid>("""
            SELECT id FROM members UNION ALL SELECT id FROM api_keys UNION ALL SELECT id FROM webhook_endpoints
            UNION ALL (SELECT id FROM webhook_messages LIMIT 2) UNION ALL (SELECT id FROM webhook_deliveries LIMIT 2)
            """);
        foreach (var route in ApiRoute.AllOf(organization.App).Where(route => route is { Method: "GET", IsDevelopmentOnly: false }))
        {
            foreach (var id in route.Path.Contains(ApiRoute.SomeId, StringComparison.Ordinal) ? ids : [Guid.Empty])
            {
                foreach (var client in new[] { admin, user, machine, organization.Anonymous })
                {
                    using var answer = await client.GetAsync(route.Path.Replace(ApiRoute.SomeId, id.ToString(), StringComparison.Ordinal));
                    answers.Add(answer.Headers + await answer.Content.ReadAsStringAsync());
                }
            }
        }

        foreach (var status in new[] { "pending_verification", "pending_approval", "approved", "active", "rejected", "suspended" })
        {
            answers.Add(await admin.GetStringAsync($"/admin-dashboard?status={status}"));
        }

        return answers;
    }

    private static async Task JoinAsync(TestOrganization organization, HttpClient admin, string canary, int person)
    {
        var email = $"{canary}{person}@x.test";
        (await organization.Anonymous.PostAsJsonAsync("/register", new { username = $"{canary}{person}", email, full_name = $"Full {canary}" })).EnsureSuccessStatusCode();
        var code = (await organization.App.Smtp.WaitForAsync(email)).Code;
        await organization.VerifyAsync(email, code.Other());
        await (await organization.VerifyAsync(email, code)).OkAsync();
        var id = Assert.Single(await organization.QueryAsync<Guid>($"SELECT id FROM members WHERE user_name = '{canary}{person}'"));
        await (person % 2 == 0
            ? await admin.PostAsJsonAsync($"/members/{id}/approve", new { note = $"Note of {canary}" })
            : await admin.PostAsJsonAsync($"/members/{id}/reject", new { reason = $"Reason of {canary}" })).OkAsync();
        await organization.TryLoginAsync($"{canary}{person}", $"wrong {canary}");
    }
}
