using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>What the product delivers, verified by what customers use.</summary>
[Collection(QuickCollection.Name)]
public sealed class CustomersVerifyTests(QuickApp quick)
{
    private static readonly string[] Invitations = ["invitation.*"];

    [Fact] // HOOK-2
    public async Task What_is_delivered_verifies_with_the_libraries_and_not_when_a_byte_or_the_time_is_wrong()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (_, secret) = await admin.AddEndpointAsync(receiver.Url, ["member.verified"]);
        await organization.RegisterAndVerifyAsync("ada");
        var received = (await receiver.WaitForAsync(1))[0];

        var (standard, svix) = (Case(received, "standardwebhooks", secret), Case(received, "svix", secret));
        var answers = await Customer.VerifyAsync([
            standard, standard with { Body = Changed(received.Body) }, standard with { Now = standard.Now + 301 },
            svix, svix with { Body = Changed(received.Body) }, svix with { Now = svix.Now + 301 }]);

        string[] expected = ["verified", "No matching signature found", "Message timestamp too old"];
        Assert.Equal([.. expected, .. expected], answers);
    }

    [Fact] // HOOK-2
    public async Task What_is_signed_by_a_pair_verifies_with_its_public_half()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var made = await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = Invitations, signature = "v1a" })).OkAsync(HttpStatusCode.Created);
        await organization.HappenAsync();
        var received = (await receiver.WaitForAsync(1))[0];

        var pair = Case(received, "v1a", made.GetProperty("endpoint").GetProperty("public_key").GetString()!);
        Assert.Equal(["verified", "No matching signature found"], await Customer.VerifyAsync([pair, pair with { Body = Changed(received.Body) }]));
    }

    [Fact] // HOOK-4
    public async Task After_a_rotation_both_secrets_verify_and_after_the_grace_only_the_new_one()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await quick.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (endpoint, first) = await admin.AddEndpointAsync(receiver.Url);
        var second = (await RotateAsync(admin, endpoint, new { grace_hours = 1 })).GetProperty("secret").GetString()!;
        await organization.HappenAsync();
        await receiver.WaitForAsync(1);
        var third = (await RotateAsync(admin, endpoint, new { grace_hours = 0 })).GetProperty("secret").GetString()!;
        await organization.HappenAsync();
        var received = await receiver.WaitForAsync(2);

        Assert.Equal(
            ["verified", "verified", "No matching signature found", "No matching signature found", "verified"],
            await Customer.VerifyAsync([
                Case(received[0], "standardwebhooks", first), Case(received[0], "svix", second),
                Case(received[1], "standardwebhooks", first), Case(received[1], "svix", second), Case(received[1], "standardwebhooks", third)]));
    }

    private static async Task<JsonElement> RotateAsync(HttpClient admin, Guid endpoint, object how) =>
        await (await admin.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/rotate-secret", how)).OkAsync(HttpStatusCode.OK);

    private static Verification Case(ReceivedWebhook received, string by, string secret) =>
        new(by, secret, received.Headers, received.Body, long.Parse(received.Headers["webhook-timestamp"], CultureInfo.InvariantCulture));

    private static byte[] Changed(byte[] body)
    {
        var changed = body.ToArray();
        changed[body.Length / 2] ^= 1;
        return changed;
    }
}
