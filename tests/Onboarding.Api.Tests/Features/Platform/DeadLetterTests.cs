using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Tenancy;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>What could not be delivered is seen, and sent again.</summary>
public sealed class DeadLetterTests(ApiFixture fixture)
{
    [Fact] // HOOK-12
    public async Task A_webhook_whose_every_attempt_failed_is_sent_again_and_both_logs_tell_it()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(500);
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var message = Assert.Single(await organization.HappenAsync());
        await receiver.WaitForAsync(1);
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_deliveries WHERE attempts = 1") == 1, "the attempt is recorded");
        await organization.QueryAsync<long>("UPDATE webhook_deliveries SET status = 'failed', finished_at = now(), next_attempt_at = NULL; SELECT 1::bigint");

        var letter = Assert.Single(await ListAsync(superAdmin, organization, "webhook"));
        receiver.Answer = _ => new();
        await (await ReplayAsync(superAdmin, organization, "webhook", letter.GetProperty("id").GetGuid())).OkAsync(HttpStatusCode.Accepted);
        await organization.DeliveriesAsync("delivered", 1);
        Assert.Equal(message.HeaderId(), receiver.Requests[^1].Id);
        Assert.Empty(await ListAsync(superAdmin, organization, "webhook"));
        Assert.Equal("dead_letter.not_found", await (await ReplayAsync(superAdmin, organization, "webhook", letter.GetProperty("id").GetGuid())).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'dead_letter.replayed' AND actor_kind = 'super_admin'"));
        Assert.Equal(["dead_letter.replay_requested", "dead_letter.replay_requested"], (await superAdmin.AuditAsync(organization)).Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact] // ONB-12
    public async Task A_mail_that_was_given_up_is_sent_again_with_what_it_said()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        using var superAdmin = await Operator.SignInAsync(app);
        var (organization, other) = (await TestOrganization.CreateAsync(app), await TestOrganization.CreateAsync(app));
        var email = organization.EmailOf("ada");
        smtp.Respond550();
        await organization.RegisterAsync("ada");
        await Eventually.HoldsAsync(async () => await organization.CountAsync("emails WHERE status = 'failed'") == 1, "the mail is given up");
        var letter = Assert.Single(await ListAsync(superAdmin, organization, "mail"));
        Assert.Equal("verification_code", letter.GetProperty("name").GetString());
        Assert.Equal("dead_letter.not_found", await (await ReplayAsync(superAdmin, other, "mail", letter.GetProperty("id").GetGuid())).CodeAsync(HttpStatusCode.NotFound));

        smtp.Normal();
        await (await ReplayAsync(superAdmin, organization, "mail", letter.GetProperty("id").GetGuid())).OkAsync(HttpStatusCode.Accepted);
        var mail = await smtp.WaitForAsync(email);
        await (await organization.VerifyAsync(email, mail.Code)).OkAsync();
    }

    [Fact]
    public async Task An_event_that_nobody_could_handle_is_handled_at_once_when_asked_for()
    {
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        var organization = await fixture.OrganizationAsync();
        await organization.QueryAsync<long>("ALTER TABLE emails RENAME TO emails_away; SELECT 1::bigint");
        var email = organization.EmailOf("ada");
        await organization.RegisterAsync("ada");
        await Eventually.HoldsAsync(async () => (await organization.QueryAsync<long>($"SELECT count(*) FROM platform.work WHERE organization_id = '{organization.Organization.Id}' AND kind = 'event' AND attempt > 0 AND claim_id IS NULL"))[0] == 1, "it has failed once");
        await organization.QueryAsync<long>("ALTER TABLE emails_away RENAME TO emails; UPDATE outbox SET occurred_at = occurred_at - interval '11 minutes' WHERE handled_at IS NULL; SELECT 1::bigint");
        var letter = Assert.Single(await ListAsync(superAdmin, organization, "event"));
        Assert.Equal("member.registered", letter.GetProperty("name").GetString());
        await (await ReplayAsync(superAdmin, organization, "event", letter.GetProperty("id").GetGuid())).OkAsync(HttpStatusCode.Accepted);
        await fixture.Smtp.WaitForAsync(email);
        Assert.Empty(await ListAsync(superAdmin, organization, "event"));
    }

    [Fact]
    public async Task Organizations_that_have_any_are_told_page_by_page_with_how_many()
    {
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp);
        app.StartServer();
        using var superAdmin = await Operator.SignInAsync(app);
        var organizations = new List<TestOrganization>();
        for (var i = 0; i < 7; i++)
        {
            organizations.Add(await TestOrganization.CreateAsync(app));
        }

        var (mails, events, suspended) = (organizations[1], organizations[4], organizations[6]);
        await FailMailsAsync(mails, 3);
        await FailMailsAsync(suspended, 1001);
        await (await superAdmin.SuspendAsync(suspended)).OkAsync();

        // Of one that happened long ago, and was asked for again; the others are young, or not tried yet.
        var (now, stuck) = (TimeProvider.System.GetUtcNow(), Ids.New(TimeProvider.System.GetUtcNow().AddMinutes(-11)));
        await PointAsync(events, stuck, attempt: 3);
        await PointAsync(events, stuck, attempt: 1);
        await PointAsync(events, Ids.New(now), attempt: 3);
        await PointAsync(organizations[3], Ids.New(now.AddMinutes(-11)), attempt: 0);

        string[] expected = [$"{suspended.Identifier} 1000 0 0", $"{events.Identifier} 0 0 1", $"{mails.Identifier} 3 0 0"];
        foreach (var limit in new[] { 1, 2, 100 })
        {
            Assert.Equal(expected, Told(await Paged.AllAsync(superAdmin, "/platform/dead-letters", limit)));
        }

        // One that cannot be read hides no other on its page.
        await organizations[0].QueryAsync<long>("ALTER TABLE emails RENAME TO emails_away; SELECT 1::bigint");
        await organizations[5].QueryAsync<long>("ALTER TABLE webhook_deliveries RENAME TO deliveries_away; SELECT 1::bigint");
        string[] all = [expected[0], $"{organizations[5].Identifier}   0", .. expected[1..], $"{organizations[0].Identifier}   0"];
        foreach (var limit in new[] { 1, 3, 100 })
        {
            Assert.Equal(all, Told(await Paged.AllAsync(superAdmin, "/platform/dead-letters", limit)));
        }

        var told = app.Logs.Lines.Select(line => Regex.Match(line, "Organization (\\S+) could not be read")).Where(match => match.Success).Select(match => match.Groups[1].Value);
        Assert.Equal(new[] { organizations[0].Organization.Id, organizations[5].Organization.Id }, told.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal("cursor.invalid", await (await superAdmin.GetAsync("/platform/dead-letters?cursor=x")).CodeAsync(HttpStatusCode.BadRequest));
    }

    private static IEnumerable<string> Told(IReadOnlyList<JsonElement> rows) =>
        rows.Select(row => $"{row.GetProperty("identifier")} {row.GetProperty("mail")} {row.GetProperty("webhook")} {row.GetProperty("event")}");

    private static Task<IReadOnlyList<long>> FailMailsAsync(TestOrganization organization, int count) => organization.QueryAsync<long>(
        $"INSERT INTO emails (id, event_id, template, status, created_at) SELECT gen_random_uuid(), gen_random_uuid(), 'approved', 'failed', now() FROM generate_series(1, {count}); SELECT 1::bigint");

    private static Task<IReadOnlyList<long>> PointAsync(TestOrganization organization, Guid refId, int attempt) => organization.QueryAsync<long>(
        $"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{organization.Organization.Id}', 'event', '{refId}', now() + interval '1 day', {attempt}); SELECT 1::bigint");

    private static async Task<List<JsonElement>> ListAsync(HttpClient superAdmin, TestOrganization organization, string kind) =>
        [.. (await (await superAdmin.GetAsync($"/platform/organizations/{organization.Organization.Id}/dead-letters?kind={kind}")).OkAsync()).GetProperty("data").EnumerateArray()];

    private static Task<HttpResponseMessage> ReplayAsync(HttpClient superAdmin, TestOrganization organization, string kind, Guid id) =>
        superAdmin.PostAsJsonAsync($"/platform/organizations/{organization.Organization.Id}/dead-letters/replay", new { kind, id });
}
