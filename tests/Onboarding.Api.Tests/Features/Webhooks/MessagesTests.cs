using System.Net;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>What customers read of messages, deliveries, attempts and figures.</summary>
public sealed class MessagesTests(ApiFixture fixture)
{
    [Fact]
    public async Task Messages_are_listed_to_their_end_newest_first()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        var ids = await organization.HappenAsync(5);
        await organization.DeliveriesAsync("delivered", 5);

        var newestFirst = ids.OrderByDescending(id => id.ToString(), StringComparer.Ordinal);
        Assert.Equal(newestFirst, Ids(await Paged.AllAsync(admin, "/webhooks/messages", 2)));
        Assert.Equal(newestFirst, Ids(await Paged.AllAsync(admin, "/webhooks/messages?type=invitation.revoked", 2)));
        Assert.Empty(await Paged.AllAsync(admin, "/webhooks/messages?type=member.approved", 2));
        Assert.Equal(newestFirst, (await Paged.AllAsync(admin, "/webhooks/deliveries", 2)).Select(row => row.GetProperty("message_id").GetGuid())
            .OrderByDescending(id => id.ToString(), StringComparer.Ordinal));
        foreach (var list in new[] { "messages", "deliveries" })
        {
            using var answer = await admin.GetAsync($"/webhooks/{list}?cursor=nonsense");
            Assert.Equal("cursor.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
        }

        var message = await (await admin.GetAsync($"/webhooks/messages/{ids[0]}")).OkAsync();
        Assert.Equal(receiver.Requests.Single(r => r.Id == ids[0].HeaderId()).Text, message.GetProperty("body").GetRawText());
        Assert.Equal("delivered", Assert.Single(message.GetProperty("deliveries").EnumerateArray()).GetProperty("status").GetString());
        using var missing = await admin.GetAsync($"/webhooks/messages/{Guid.CreateVersion7()}");
        Assert.Equal("message.not_found", await missing.CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Deliveries_are_found_by_endpoint_message_and_what_became_of_them()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var gone = await TestReceiver.StartAsync();
        gone.Answer = _ => new(410);
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (good, _) = await admin.AddEndpointAsync(receiver.Url);
        var (bad, _) = await admin.AddEndpointAsync(gone.Url);
        var message = (await organization.HappenAsync())[0];
        await organization.DeliveriesAsync("delivered", 1);
        await Eventually.HoldsAsync(async () => (await admin.EndpointAsync(bad)).GetProperty("status").GetString() == "disabled", "one is disabled");

        foreach (var (filter, endpoints) in new (string, Guid[])[]
        {
            ("status=delivered", [good]), ("status=parked", [bad]), ("status=pending", []), ("status=failed", []), ("status=skipped", []),
            ($"endpoint_id={bad}", [bad]), ($"endpoint_id={good}&status=parked", []), ($"message_id={Guid.CreateVersion7()}", []),
        })
        {
            var rows = await Paged.AllAsync(admin, $"/webhooks/deliveries?{filter}", 10);
            Assert.Equal((filter, string.Join(' ', endpoints)), (filter, string.Join(' ', rows.Select(row => row.GetProperty("endpoint_id").GetGuid()))));
        }

        Assert.Equal(2, (await Paged.AllAsync(admin, $"/webhooks/deliveries?message_id={message}", 10)).Count);
        await (await admin.GetAsync("/webhooks/deliveries?status=nonsense")).CodeAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task What_was_delivered_can_be_sent_again_and_every_attempt_is_kept()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(200, Body: "thanks"u8.ToArray());
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        await organization.DeliveriesAsync("delivered", 1);
        var delivery = Ids(await Paged.AllAsync(admin, "/webhooks/deliveries", 10)).Single();
        for (var again = 2; again <= 3; again++)
        {
            await (await admin.PostAsync($"/webhooks/deliveries/{delivery}/resend", null)).OkAsync(HttpStatusCode.Accepted);
            await receiver.WaitForAsync(again);
            await organization.DeliveriesAsync("delivered", 1);
        }

        var attempts = await Paged.AllAsync(admin, $"/webhooks/deliveries/{delivery}/attempts", 2);
        Assert.Equal([3, 2, 1], attempts.Select(row => row.GetProperty("number").GetInt32()));
        Assert.All(attempts, row => Assert.Equal((200, "thanks"), (row.GetProperty("status_code").GetInt32(), row.GetProperty("response").GetString())));
        Assert.Single(receiver.Requests.Select(r => r.Id).Distinct());
        Assert.Equal(2, await organization.CountAsync($"audit_log WHERE action = 'delivery.resent' AND actor_id = '{organization.AdminId}'"));
        foreach (var call in new[] { $"/webhooks/deliveries/{Guid.CreateVersion7()}", $"/webhooks/deliveries/{Guid.CreateVersion7()}/attempts" })
        {
            using var missing = await admin.GetAsync(call);
            Assert.Equal("delivery.not_found", await missing.CodeAsync(HttpStatusCode.NotFound));
        }
    }

    [Fact]
    public async Task With_an_endpoint_its_deliveries_and_their_answers_are_gone()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(200, Body: "thanks"u8.ToArray());
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        await organization.DeliveriesAsync("delivered", 1);
        var delivery = Ids(await Paged.AllAsync(admin, "/webhooks/deliveries", 10)).Single();
        Assert.Contains("thanks", await admin.GetStringAsync($"/webhooks/deliveries/{delivery}/attempts"), StringComparison.Ordinal);

        await (await admin.DeleteAsync($"/webhooks/endpoints/{endpoint}")).OkAsync(HttpStatusCode.NoContent);
        foreach (var call in new[] { $"/webhooks/deliveries/{delivery}", $"/webhooks/deliveries/{delivery}/attempts" })
        {
            using var gone = await admin.GetAsync(call);
            Assert.Equal("delivery.not_found", await gone.CodeAsync(HttpStatusCode.NotFound));
        }
    }

    [Fact]
    public async Task What_waits_and_what_is_parked_is_told_apart()
    {
        await using var receiver = await TestReceiver.StartAsync();
        receiver.Answer = _ => new(500);
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        await organization.HappenAsync();
        await Eventually.HoldsAsync(async () => await organization.CountAsync("webhook_deliveries WHERE attempts > 0") == 1, "it was tried");
        Assert.Equal((1, 0), await CountsAsync());
        await (await admin.PostAsync($"/webhooks/endpoints/{endpoint}/disable", null)).OkAsync();
        Assert.Equal((0, 1), await CountsAsync());
        await (await admin.PostAsync($"/webhooks/endpoints/{endpoint}/enable", null)).OkAsync();
        Assert.Equal((1, 0), await CountsAsync());

        async Task<(int, int)> CountsAsync()
        {
            var stats = await (await admin.GetAsync($"/webhooks/endpoints/{endpoint}/stats")).OkAsync();
            return (stats.GetProperty("waiting").GetInt32(), stats.GetProperty("parked").GetInt32());
        }
    }

    [Fact]
    public async Task Figures_are_of_the_attempts_of_the_time_that_was_asked_for()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        var none = await (await admin.GetAsync($"/webhooks/endpoints/{endpoint}/stats")).OkAsync();
        Assert.Equal((0, JsonValueKind.Null, JsonValueKind.Null), (none.GetProperty("attempts").GetInt32(), none.GetProperty("success_rate").ValueKind, none.GetProperty("p99_ms").ValueKind));

        await organization.HappenAsync(3);
        await organization.DeliveriesAsync("delivered", 3);
        receiver.Answer = _ => new(410);
        await organization.HappenAsync();
        await organization.DeliveriesAsync("pending", 1);
        await Eventually.HoldsAsync(async () => (await admin.EndpointAsync(endpoint)).GetProperty("status").GetString() == "disabled", "it is disabled");
        await organization.QueryAsync<Guid>("UPDATE webhook_attempts SET duration_ms = CASE WHEN error IS NULL THEN 10 ELSE 30 END RETURNING id");

        var figures = await (await admin.GetAsync($"/webhooks/endpoints/{endpoint}/stats?hours=1")).OkAsync();
        Assert.Equal((4, 3, 0.75, 10, 0, 1, JsonValueKind.String), (
            figures.GetProperty("attempts").GetInt32(), figures.GetProperty("succeeded").GetInt32(), figures.GetProperty("success_rate").GetDouble(),
            figures.GetProperty("median_ms").GetInt32(), figures.GetProperty("waiting").GetInt32(), figures.GetProperty("parked").GetInt32(), figures.GetProperty("oldest_waiting_since").ValueKind));
        await organization.QueryAsync<Guid>("UPDATE webhook_attempts SET started_at = started_at - interval '2 hours' WHERE error IS NULL RETURNING id");
        Assert.Equal(1, (await (await admin.GetAsync($"/webhooks/endpoints/{endpoint}/stats?hours=1")).OkAsync()).GetProperty("attempts").GetInt32());
        await (await admin.GetAsync($"/webhooks/endpoints/{endpoint}/stats?hours=0")).CodeAsync(HttpStatusCode.BadRequest);
    }

    private static IEnumerable<Guid> Ids(IEnumerable<JsonElement> rows) => rows.Select(row => row.GetProperty("id").GetGuid());
}
