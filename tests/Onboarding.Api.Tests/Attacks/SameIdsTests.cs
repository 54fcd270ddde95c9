using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Two organizations whose members have the same ids, user names and addresses (adversarial isolation test 6).</summary>
public sealed class SameIdsTests(ApiFixture fixture)
{
    [Fact] // SEC-6
    public async Task What_was_read_as_one_organization_is_never_what_the_other_gets()
    {
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        foreach (var path in new[] { "/me", $"/members/{a.UserId}", "/members", "/admin-dashboard?status=active", "/members?search=user", "/audit-log", "/me/sessions" })
        {
            // Warm as A, then read as B, twice, and as A again.
            var (ofA, ofB) = (await adminA.GetStringAsync(path), await adminB.GetStringAsync(path));
            Assert.Equal((path, ofA), (path, await adminA.GetStringAsync(path)));
            Assert.Equal((path, ofB), (path, await adminB.GetStringAsync(path)));
            Assert.NotEqual(ofA, ofB);
            Assert.DoesNotContain("Of B", ofA, StringComparison.Ordinal);
            Assert.DoesNotContain("Of A", ofB, StringComparison.Ordinal);
        }

        Assert.Equal(("Of A", "Of B"), (await NameAsync(adminA, a.UserId), await NameAsync(adminB, a.UserId)));
    }

    [Fact] // SEC-6, SEC-24
    public async Task Shutting_a_member_out_leaves_the_twin_in_the_other_organization_signed_in()
    {
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        var (ofA, ofB) = (await a.TokensAsync("user"), await b.TokensAsync("user"));
        await (await a.MeAsync(ofA.Access())).OkAsync();
        await (await b.MeAsync(ofB.Access())).OkAsync();

        await (await adminA.PostAsJsonAsync($"/members/{a.UserId}/suspend", new { reason = "Left" })).OkAsync();

        Assert.Equal("token.invalid", await (await a.MeAsync(ofA.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        await (await b.MeAsync(ofB.Access())).OkAsync();
        var renewed = await (await b.RefreshAsync(ofB.Refresh())).OkAsync();
        await (await b.MeAsync(renewed.Access())).OkAsync();
        await b.TokensAsync("user");

        // Neither pair is worth anything in the other organization, though every id in it exists there.
        Assert.Equal("tenant.mismatch", await (await a.MeAsync(renewed.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await a.RefreshAsync(renewed.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-3, SEC-6
    public async Task A_decision_about_an_id_is_about_the_own_member_of_that_id()
    {
        var (a, b) = await TwinsAsync();
        var waiting = await a.AddPendingAsync("waiting");
        await b.AddPendingAsync("waiting");
        await b.QueryAsync<int>($"UPDATE members SET id = '{waiting}' WHERE user_name = 'waiting' RETURNING 1");
        using var adminA = await a.SignInAsync();

        await (await adminA.PatchAsJsonAsync("/admin-dashboard", new { ids = new[] { waiting }, action = "reject", reason = "Unknown" })).OkAsync();

        Assert.Equal(["rejected"], await a.QueryAsync<string>($"SELECT status FROM members WHERE id = '{waiting}'"));
        Assert.Equal(["pending_approval"], await b.QueryAsync<string>($"SELECT status FROM members WHERE id = '{waiting}'"));
        await a.SettledAsync();
        await b.SettledAsync();
        Assert.Equal(0, await b.CountAsync("emails"));
    }

    [Fact] // SEC-6, SEC-24
    public async Task What_happens_to_a_key_leaves_the_twin_in_the_other_organization_alone()
    {
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        var (ofA, ofB) = (await adminA.CreateKeyAsync(new { name = "Of A", scopes = new[] { Permissions.ReadMembers }, rate_limit = 2 }), await adminB.CreateKeyAsync(new { name = "Of B", scopes = new[] { Permissions.ReadMembers }, rate_limit = 2 }));
        await b.QueryAsync<int>($"UPDATE api_keys SET id = '{ofA.Id}' WHERE id = '{ofB.Id}' RETURNING 1");

        // Each counts for itself.
        foreach (var (organization, key) in new[] { (a, ofA), (a, ofA), (b, ofB), (b, ofB) })
        {
            await organization.RequireGoodAsync(key);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await a.ReadAsync(ofA)).StatusCode);
        await (await adminB.PatchAsJsonAsync($"/api-keys/{ofA.Id}", new { rate_limit = 100 })).OkAsync();
        await b.RequireGoodAsync(ofB);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await a.ReadAsync(ofA)).StatusCode);

        await (await adminA.DeleteAsync($"/api-keys/{ofA.Id}")).OkAsync(HttpStatusCode.NoContent);
        await a.RequireBadAsync(ofA);
        await b.RequireGoodAsync(ofB);
    }

    [Fact] // SEC-6
    public async Task Webhooks_of_the_same_ids_show_and_send_what_is_the_own_organizations()
    {
        await using var receiverA = await TestReceiver.StartAsync();
        await using var receiverB = await TestReceiver.StartAsync();
        receiverA.Answer = _ => new(Body: "Of A"u8.ToArray());
        receiverB.Answer = _ => new(Body: "Of B"u8.ToArray());
        var (a, b) = await TwinsAsync();
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        var (ofA, ofB) = (await DeliverAsync(a, adminA, receiverA, "Of A"), await DeliverAsync(b, adminB, receiverB, "Of B"));
        await b.QueryAsync<int>($"""
            INSERT INTO webhook_endpoints SELECT (jsonb_populate_record(e, jsonb_build_object('id', '{ofA.Endpoint}'))).* FROM webhook_endpoints e WHERE id = '{ofB.Endpoint}';
            INSERT INTO webhook_messages SELECT (jsonb_populate_record(m, jsonb_build_object('id', '{ofA.Message}'))).* FROM webhook_messages m WHERE id = '{ofB.Message}';
            UPDATE webhook_deliveries SET id = '{ofA.Delivery}', endpoint_id = '{ofA.Endpoint}', message_id = '{ofA.Message}' WHERE id = '{ofB.Delivery}';
            UPDATE webhook_attempts SET delivery_id = '{ofA.Delivery}', endpoint_id = '{ofA.Endpoint}' WHERE delivery_id = '{ofB.Delivery}';
            DELETE FROM webhook_endpoints WHERE id = '{ofB.Endpoint}';
            DELETE FROM webhook_messages WHERE id = '{ofB.Message}';
            SELECT 1
            """);

        foreach (var path in new[] { "endpoints", $"endpoints/{ofA.Endpoint}", "messages", $"messages/{ofA.Message}", "deliveries", $"deliveries/{ofA.Delivery}", $"deliveries/{ofA.Delivery}/attempts" })
        {
            var (shownA, shownB) = (await adminA.GetStringAsync($"/webhooks/{path}"), await adminB.GetStringAsync($"/webhooks/{path}"));
            Assert.Equal((path, shownA), (path, await adminA.GetStringAsync($"/webhooks/{path}")));
            Assert.Equal((path, shownB), (path, await adminB.GetStringAsync($"/webhooks/{path}")));
            Assert.NotEqual(shownA, shownB);
            Assert.DoesNotContain("Of B", shownA, StringComparison.Ordinal);
            Assert.DoesNotContain("Of A", shownB, StringComparison.Ordinal);
        }

        // What happens goes to the own receiver, also right after the twin's, and what one changes is the own.
        var later = (await a.HappenAsync())[0];
        await a.DeliveriesAsync("delivered", 2);
        await a.SettledAsync();
        var latest = (await b.HappenAsync())[0];
        await b.DeliveriesAsync("delivered", 2);
        await (await adminB.DeleteAsync($"/webhooks/endpoints/{ofA.Endpoint}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal([ofA.Message.HeaderId(), later.HeaderId()], receiverA.Requests.Select(r => r.Id));
        Assert.Equal([ofB.Message.HeaderId(), latest.HeaderId()], receiverB.Requests.Select(r => r.Id));
        Assert.Equal("active", (await adminA.EndpointAsync(ofA.Endpoint)).GetProperty("status").GetString());
        await (await adminA.GetAsync($"/webhooks/deliveries/{ofA.Delivery}/attempts")).OkAsync();
    }

    private static async Task<(Guid Endpoint, Guid Message, Guid Delivery)> DeliverAsync(TestOrganization organization, HttpClient admin, TestReceiver receiver, string description)
    {
        var (endpoint, _) = await admin.AddEndpointAsync(receiver.Url);
        await (await admin.PatchAsJsonAsync($"/webhooks/endpoints/{endpoint}", new { description })).OkAsync();
        var message = (await organization.HappenAsync())[0];
        await organization.DeliveriesAsync("delivered", 1);
        await organization.SettledAsync();
        return (endpoint, message, (await organization.QueryAsync<Guid>("SELECT id FROM webhook_deliveries"))[0]);
    }

    /// <summary>Members of B get the ids, names and addresses of A's before anybody signs in.</summary>
    private async Task<(TestOrganization A, TestOrganization B)> TwinsAsync()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        foreach (var (name, id) in new[] { ("admin", a.AdminId), ("user", a.UserId) })
        {
            await b.QueryAsync<int>($"UPDATE members SET id = '{id}', email = '{a.EmailOf(name)}', normalized_email = upper('{a.EmailOf(name)}'), full_name = 'Of B' WHERE user_name = '{name}' RETURNING 1");
            await a.QueryAsync<int>($"UPDATE members SET full_name = 'Of A' WHERE id = '{id}' RETURNING 1");
        }

        return (a, b);
    }

    private static async Task<string?> NameAsync(HttpClient client, Guid id) =>
        (await (await client.GetAsync($"/members/{id}")).OkAsync()).GetProperty("full_name").GetString();
}
