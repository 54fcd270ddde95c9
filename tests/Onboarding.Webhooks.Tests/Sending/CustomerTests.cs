using Microsoft.Extensions.Time.Testing;
using Onboarding.Testing;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

/// <summary>HOOK-2: what the sender sends, verified by what customers use.</summary>
public sealed class CustomerTests
{
    private const long Now = 1_800_000_000;
    private static readonly byte[] Body = """{"type":"member.approved","timestamp":"2027-01-15T08:00:00Z","data":{"name":"Ädä 山 \u0000 😀"}}"""u8.ToArray();
    private static readonly WebhookSecret Shared = WebhookSecret.Generate(WebhookSecretKind.V1);
    private static readonly WebhookSecret Pair = WebhookSecret.Generate(WebhookSecretKind.V1a);

    [Fact] // HOOK-2, HOOK-4
    public async Task A_received_webhook_verifies_with_every_library_and_every_secret_that_signed_it()
    {
        var old = WebhookSecret.Generate(WebhookSecretKind.V1);
        var received = await ReceiveAsync(Shared, Pair, old);

        var answers = await Customer.VerifyAsync([
            Case(received, "standardwebhooks", Shared.Reveal()), Case(received, "standardwebhooks", old.Reveal()),
            Case(received, "svix", Shared.Reveal()), Case(received, "svix", old.Reveal()),
            Case(received, "v1a", Pair.PublicKey!)]);

        Assert.All(answers, answer => Assert.Equal("verified", answer));
    }

    [Theory] // HOOK-2
    [InlineData("standardwebhooks")]
    [InlineData("svix")]
    [InlineData("v1a")]
    public async Task One_changed_byte_another_id_another_time_or_another_secret_does_not(string by)
    {
        var received = await ReceiveAsync(Shared, Pair);
        var stranger = WebhookSecret.Generate(by == "v1a" ? WebhookSecretKind.V1a : WebhookSecretKind.V1);
        var right = Case(received, by, by == "v1a" ? Pair.PublicKey! : Shared.Reveal());

        var answers = await Customer.VerifyAsync([
            right,
            right with { Body = Changed(0) }, right with { Body = Changed(Body.Length / 2) }, right with { Body = Changed(Body.Length - 1) },
            right with { Body = [.. Body, (byte)'\n'] },
            right with { Headers = With(received, "webhook-id", "msg_2") },
            right with { Headers = With(received, "webhook-timestamp", $"{Now + 1}") },
            right with { Secret = stranger.PublicKey ?? stranger.Reveal() }]);

        Assert.Equal(["verified", .. Enumerable.Repeat("No matching signature found", 7)], answers);
    }

    [Theory] // HOOK-2
    [InlineData("standardwebhooks")]
    [InlineData("svix")]
    public async Task A_timestamp_that_is_301_seconds_off_is_refused(string by)
    {
        var right = Case(await ReceiveAsync(Shared), by, Shared.Reveal());

        var answers = await Customer.VerifyAsync([
            right with { Now = Now + 300 }, right with { Now = Now + 301 }, right with { Now = Now - 300 }, right with { Now = Now - 301 }]);

        Assert.Equal(["verified", "Message timestamp too old", "verified", "Message timestamp too new"], answers);
    }

    private static async Task<Received> ReceiveAsync(params WebhookSecret[] secrets)
    {
        await using var receiver = await Receiver.StartAsync();
        using var sender = new TestSender(clock: new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Now)));
        Assert.True((await sender.SendAsync(receiver.Url(), Body, secrets)).Succeeded);
        return receiver.Last;
    }

    private static Verification Case(Received received, string by, string secret) => new(by, secret, received.Headers, received.Body, Now);

    private static byte[] Changed(int index)
    {
        var body = Body.ToArray();
        body[index] ^= 1;
        return body;
    }

    private static Dictionary<string, string> With(Received received, string header, string value) => new(received.Headers) { [header] = value };
}
