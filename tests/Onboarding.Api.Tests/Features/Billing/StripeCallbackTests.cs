using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Onboarding.Api.Tests.Conventions;
using Onboarding.Billing;
using Onboarding.Billing.Callbacks;
using Onboarding.FakeStripe;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Billing;

/// <summary>What is taken as Stripe's word, and what becomes of it.</summary>
public sealed class StripeCallbackTests(ApiFixture fixture)
{
    private FakeStripe.FakeStripe Stripe => fixture.Stripe;

    [Fact] // BILL-1
    public async Task A_wrong_signature_is_refused_and_nothing_is_stored()
    {
        var e = Event();
        var (body, signature) = Stripe.Sign(e, secret: "whsec_of_somebody_else");
        Assert.Equal("callback.signature_invalid", await (await Subscriber.PostAsync(fixture.App, body, signature)).CodeAsync(HttpStatusCode.BadRequest));
        var (_, good) = Stripe.Sign(e);
        Assert.Equal("callback.signature_invalid", await (await Subscriber.PostAsync(fixture.App, [.. body, (byte)' '], good)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await StoredAsync(e.Id));
        Assert.Equal(HttpStatusCode.OK, (await Subscriber.PostAsync(fixture.App, body, good)).StatusCode);
        Assert.Equal(1, await StoredAsync(e.Id));
    }

    [Fact] // BILL-2
    public async Task The_header_is_needed_once()
    {
        var e = Event();
        var (body, signature) = Stripe.Sign(e);
        foreach (var headers in new string[][] { [], [""], [" "], ["t=1"], ["v1=00"], [signature, signature] })
        {
            Assert.Equal("callback.signature_invalid", await (await Subscriber.PostAsync(fixture.App, body, headers)).CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal(0, await StoredAsync(e.Id));
    }

    [Theory] // BILL-3
    [InlineData(-301 - 5, false)]
    [InlineData(-250, true)]
    [InlineData(350, false)]
    [InlineData(280, true)]
    public async Task What_is_too_old_or_too_new_is_refused(int seconds, bool isTaken)
    {
        var (body, signature) = Stripe.Sign(Event(), TimeProvider.System.GetUtcNow().AddSeconds(seconds));
        Assert.Equal(isTaken ? HttpStatusCode.OK : HttpStatusCode.BadRequest, (await Subscriber.PostAsync(fixture.App, body, signature)).StatusCode);
    }

    [Theory] // BILL-4
    [InlineData("not json", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("null", HttpStatusCode.BadRequest)]
    [InlineData("42", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":null,"type":"customer.updated"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":7,"type":"customer.updated"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":"evt_\u0000","type":"customer.updated"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":"evt_\ud800","type":"customer.updated"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":"evt_NEW","type":"customer.updated","data":{"object":{"id":"cus_\ud800","object":"customer"}}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":"evt_NEW","type":"customer.updated","api_version":"a\u0000b","data":{"object":{"id":"cus_nobody","object":"customer"}}}""", HttpStatusCode.OK)]
    [InlineData("""{"id":"evt_NEW","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","related_object":{"id":"x"}}""", HttpStatusCode.OK)]
    [InlineData("""{"id":"evt_NEW","type":"customer.updated","api_version":null,"livemode":false,"data":{"object":{"id":"cus_nobody","object":"customer"}}}""", HttpStatusCode.OK)]
    [InlineData("""{"id":"evt_NEW","type":"customer.updated","created":99999999999999999999,"data":{"object":null}}""", HttpStatusCode.OK)]
    [InlineData("""{"id":"evt_NEW","type":"customer.subscription.updated","data":{"object":{"id":"sub_1","object":"subscription","customer":{"id":"cus_nobody"},"quantity":null,"items":null}}}""", HttpStatusCode.OK)]
    public async Task Odd_bodies_are_refused_or_stored_and_never_an_error_of_ours(string body, HttpStatusCode expected)
    {
        var (bytes, signature) = Stripe.Sign(new FakeEvent("evt", "odd", body.Replace("NEW", Path.GetRandomFileName(), StringComparison.Ordinal)));
        Assert.Equal(expected, (await Subscriber.PostAsync(fixture.App, bytes, signature)).StatusCode);
    }

    [Theory] // BILL-4
    [InlineData("t=abc,v1=00")]
    [InlineData("t=99999999999999999999999,v1=00")]
    [InlineData("t=-1,v1=00")]
    [InlineData("t=,v1=")]
    [InlineData(",,,")]
    [InlineData("t=1,v1=zz,v0=1")]
    public async Task Odd_headers_are_refused(string header) =>
        Assert.Equal("callback.signature_invalid", await (await Subscriber.PostAsync(fixture.App, Stripe.Sign(Event()).Body, header)).CodeAsync(HttpStatusCode.BadRequest));

    [Fact] // BILL-1, BILL-3
    public async Task What_Stripes_own_library_signs_is_taken()
    {
        var e = Event();
        Assert.Equal(HttpStatusCode.OK, (await Subscriber.PostAsync(fixture.App, Encoding.UTF8.GetBytes(e.Json), await SignedByStripeAsync(e.Json))).StatusCode);
        Assert.Equal(1, await StoredAsync(e.Id));
        var old = (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 400).ToString(CultureInfo.InvariantCulture);
        Assert.Equal(HttpStatusCode.BadRequest, (await Subscriber.PostAsync(fixture.App, Encoding.UTF8.GetBytes(e.Json), await SignedByStripeAsync(e.Json, old))).StatusCode);

        // And a real event of the fake, with umlauts in it.
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        await Stripe.UpdateMetadataAsync(await subscriber.CustomerAsync(), "note", "Grüße an Ω");
        foreach (var told in await subscriber.EventsAsync())
        {
            Assert.Equal(HttpStatusCode.OK, (await Subscriber.PostAsync(fixture.App, Encoding.UTF8.GetBytes(told.Json), await SignedByStripeAsync(told.Json))).StatusCode);
        }

        await subscriber.HasPlanAsync("premium");
    }

    [Fact] // BILL-5, BILL-6, FAULT-6
    public async Task Sent_fifty_times_at_once_it_is_one_row_and_one_effect()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        var e = (await subscriber.EventsAsync()).Last(e => e.Type == "customer.subscription.created");

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => subscriber.DeliverAsync(e)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        await subscriber.HasPlanAsync("premium");
        await subscriber.SettledAsync();
        Assert.Equal(50, (await subscriber.SharedAsync<int>($"SELECT deliveries FROM billing.callbacks WHERE event_id = '{e.Id}'")).Single());
        Assert.Equal(1, await subscriber.ToldAsync("organization.plan_changed"));
        Assert.Equal(1, await subscriber.ToldAsync("subscription.updated"));

        // And once more, later.
        Assert.Equal(HttpStatusCode.OK, (await subscriber.DeliverAsync(e)).StatusCode);
        await subscriber.SettledAsync();
        Assert.Equal(1, await subscriber.ToldAsync("subscription.updated"));
    }

    [Fact] // BILL-7
    public async Task The_same_id_with_another_body_keeps_the_first_and_is_counted()
    {
        var e = Event();
        Assert.Equal(HttpStatusCode.OK, (await Subscriber.DeliverAsync(fixture.App, Stripe, e)).StatusCode);
        var other = JsonNode.Parse(e.Json)!;
        other["created"] = 1;
        Assert.Equal(HttpStatusCode.OK, (await Subscriber.DeliverAsync(fixture.App, Stripe, e with { Json = other.ToJsonString() })).StatusCode);
        Assert.Equal(e.Json, (await Subscriber.SharedAsync<string>(fixture.App, $"SELECT body FROM billing.callbacks WHERE event_id = '{e.Id}'")).Single());
        Assert.Equal(1, (await Subscriber.SharedAsync<int>(fixture.App, $"SELECT anomalies FROM billing.callbacks WHERE event_id = '{e.Id}'")).Single());
    }

    [Theory] // BILL-13
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_is_refused_before_it_is_read(bool chunked)
    {
        using var client = fixture.App.ClientFor(null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/billing/stripe/webhook") { Content = new ByteArrayContent(new byte[600 * 1024]) };
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.TryAddWithoutValidation("Stripe-Signature", "t=1,v1=00");
        Assert.Equal("request.too_large", await (await client.SendAsync(request)).CodeAsync(HttpStatusCode.RequestEntityTooLarge));
    }

    [Fact] // BILL-15
    public async Task Another_version_of_the_api_is_taken_and_the_state_is_right_by_the_fetch()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        var e = (await subscriber.EventsAsync()).Last(e => e.Type == "customer.subscription.created");
        var old = JsonNode.Parse(e.Json)!;
        old["api_version"] = "2019-12-03";
        Assert.Equal(HttpStatusCode.OK, (await subscriber.DeliverAsync(e with { Json = old.ToJsonString() })).StatusCode);
        await subscriber.HasPlanAsync("premium");
        Assert.Equal("2019-12-03", (await subscriber.SharedAsync<string>($"SELECT api_version FROM billing.callbacks WHERE event_id = '{e.Id}'")).Single());
    }

    [Fact] // BILL-16
    public async Task Two_secrets_are_good_while_one_takes_the_place_of_the_other()
    {
        foreach (var secret in new[] { TestStripe.Secret, TestStripe.NextSecret })
        {
            var (body, signature) = Stripe.Sign(Event(), secret: secret);
            Assert.Equal(HttpStatusCode.OK, (await Subscriber.PostAsync(fixture.App, body, signature)).StatusCode);
        }
    }

    [Fact] // BILL-17
    public async Task Without_a_secret_nothing_is_taken_and_the_start_says_so()
    {
        var settings = TestStripe.SettingsFor(Stripe);
        settings.Remove("Billing:Stripe:WebhookSecrets:0");
        settings.Remove("Billing:Stripe:WebhookSecrets:1");
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, settings, Faults.Nodes.WithoutJobs);
        app.StartServer();
        var e = Event();
        Assert.Equal("billing.not_configured", await (await Subscriber.DeliverAsync(app, Stripe, e)).CodeAsync(HttpStatusCode.ServiceUnavailable));
        Assert.Equal(0, await StoredAsync(e.Id));
        Assert.Contains(app.Logs.Lines, line => line.Contains("Billing:Stripe:WebhookSecrets", StringComparison.Ordinal));
    }

    [Fact] // BILL-18
    public async Task A_callback_about_real_money_has_no_effect_on_test_keys()
    {
        await using var subscriber = await Subscriber.CreateAsync(fixture.App, Stripe);
        await subscriber.SubscribeAsync();
        var e = (await subscriber.EventsAsync()).Last(e => e.Type == "customer.subscription.created");
        var live = JsonNode.Parse(e.Json)!;
        live["livemode"] = true;
        Assert.Equal(HttpStatusCode.OK, (await subscriber.DeliverAsync(e with { Json = live.ToJsonString() })).StatusCode);
        Assert.Equal("ignored", (await subscriber.SharedAsync<string>($"SELECT state FROM billing.callbacks WHERE event_id = '{e.Id}'")).Single());
        await subscriber.SettledAsync();
        Assert.Equal("free", await subscriber.PlanAsync());
    }

    [Fact]
    public async Task Callbacks_are_kept_for_as_long_as_was_settled()
    {
        var (old, recent) = (Event(), Event());
        await Subscriber.DeliverAsync(fixture.App, Stripe, old);
        await Subscriber.DeliverAsync(fixture.App, Stripe, recent);
        var kept = fixture.App.Services.GetRequiredService<IOptions<BillingOptions>>().Value.CallbacksKept;
        await Subscriber.SharedAsync<string>(fixture.App, $"UPDATE billing.callbacks SET received_at = now() - interval '{kept.TotalSeconds + 60:F0} seconds' WHERE event_id = '{old.Id}' RETURNING event_id");
        await Subscriber.SharedAsync<string>(fixture.App, $"UPDATE billing.callbacks SET received_at = now() - interval '{kept.TotalSeconds - 60:F0} seconds' WHERE event_id = '{recent.Id}' RETURNING event_id");
        await fixture.App.Services.GetRequiredService<CallbackInbox>().PurgeAsync(CancellationToken.None);
        Assert.Equal((0, 1), (await StoredAsync(old.Id), await StoredAsync(recent.Id)));
    }

    private static async Task<string> SignedByStripeAsync(string body, params string[] timestamp)
    {
        var folder = Path.Combine(SourceTree.Sources, "Onboarding.FakeStripe", "Contract");
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules", "stripe")), $"Run `npm ci --ignore-scripts` in {folder} (`./dev test` does).");
        using var node = Process.Start(new ProcessStartInfo("node", ["sign.mjs", TestStripe.Secret, .. timestamp])
        {
            WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, StandardInputEncoding = new UTF8Encoding(false),
        })!;
        await node.StandardInput.WriteAsync(body);
        node.StandardInput.Close();
        return await node.StandardOutput.ReadToEndAsync();
    }

    private static FakeEvent Event()
    {
        var id = $"evt_{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}";
        const string Text = """{"id":"ID","object":"event","type":"customer.updated","api_version":"2026-10-28.endive","created":1790000000,"livemode":false,"data":{"object":{"id":"cus_nobody","object":"customer"}}}""";
        return new(id, "customer.updated", Text.Replace("ID", id, StringComparison.Ordinal));
    }

    private async Task<long> StoredAsync(string id) => (await Subscriber.SharedAsync<long>(fixture.App, $"SELECT count(*) FROM billing.callbacks WHERE event_id = '{id}'"))[0];
}
