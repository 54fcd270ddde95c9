using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

/// <summary>A member's own passkeys.</summary>
public sealed class PasskeysTests(ApiFixture fixture)
{
    [Fact] // SEC-48
    public async Task A_passkey_is_added_listed_renamed_and_removed_and_its_owner_is_told()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var authenticator = new SoftAuthenticator(organization);
        var (token, options) = await user.BeginPasskeyAsync();
        Assert.Equal($"{organization.Identifier}.localhost", options.GetProperty("rp").GetProperty("id").GetString());
        Assert.Equal($"Name of {organization.Identifier}", options.GetProperty("rp").GetProperty("name").GetString());
        Assert.Equal("required", options.GetProperty("authenticatorSelection").GetProperty("userVerification").GetString());
        Assert.Equal("required", options.GetProperty("authenticatorSelection").GetProperty("residentKey").GetString());

        var added = JsonDocument.Parse("{}").RootElement;
        await organization.MailOfAsync(organization.EmailOf("user"), async () =>
        {
            var answer = await user.AddPasskeyAsync(token, authenticator.Create(options), "  Laptop ");
            added = await answer.OkAsync(HttpStatusCode.Created);
            return answer;
        }, "A passkey has been added");
        Assert.Equal(10, added.Codes().Count);
        Assert.Equal(authenticator.IdText, added.GetProperty("passkey").GetProperty("id").GetString());
        Assert.Equal("Laptop", (await OnlyAsync(user)).GetProperty("name").GetString());
        Assert.True((await (await user.GetAsync("/me")).OkAsync()).GetProperty("mfa").GetBoolean());

        Assert.Equal("Phone", (await (await user.PatchAsJsonAsync($"/me/passkeys/{authenticator.IdText}", new { name = "Phone" })).OkAsync()).GetProperty("name").GetString());
        Assert.Equal("Phone", (await OnlyAsync(user)).GetProperty("name").GetString());
        await organization.MailOfAsync(organization.EmailOf("user"), () => user.DeleteAsync($"/me/passkeys/{authenticator.IdText}"), "A passkey has been removed");
        Assert.Equal(0, (await (await user.GetAsync("/me/passkeys")).OkAsync()).GetProperty("data").GetArrayLength());
        Assert.Equal(["passkey_added", "passkey_removed"], await organization.QueryAsync<string>($"SELECT note FROM audit_log WHERE action = 'member.mfa_changed' AND actor_id = '{organization.UserId}' ORDER BY occurred_at"));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.passkey_renamed' AND actor_id = '{organization.UserId}'"));

        // With the last factor goes what stood in for it.
        Assert.Equal(0, await organization.CountAsync("recovery_codes"));
        await organization.TokensAsync("user");
        Assert.False(await organization.AsksForMfaAsync("user"));
    }

    public static TheoryData<string> BadAnswers => ["origin", "port", "scheme", "relying party", "unverified", "embedded", "type", "challenge", "nonsense", "id"];

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task What_was_made_elsewhere_otherwise_or_without_verifying_the_member_is_not_added(string how)
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var authenticator = new SoftAuthenticator(organization);
        var (token, options) = await user.BeginPasskeyAsync();
        var asked = options;
        if (how == "challenge")
        {
            (token, options) = await user.BeginPasskeyAsync();
        }

        authenticator.Spoil(how);
        var answer = how switch
        {
            "type" => authenticator.Create(asked, "webauthn.get"),
            "nonsense" => new { id = "AAAA", response = "nonsense" },
            "id" => new { id = 7, type = new[] { "public-key" } },
            _ => authenticator.Create(asked),
        };
        Assert.Equal("passkey.invalid", await (await user.AddPasskeyAsync(token, answer)).CodeAsync(HttpStatusCode.BadRequest));

        // It was judged, so a better answer comes too late.
        using var good = new SoftAuthenticator(organization);
        Assert.Equal("passkey_token.invalid", await (await user.AddPasskeyAsync(token, good.Create(options))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync("passkeys"));
    }

    [Fact]
    public async Task A_registration_belongs_to_one_member_of_one_organization_and_only_the_newest_counts()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var user = await a.SignInAsync("user");
        using var admin = await a.SignInAsync();
        using var other = await b.SignInAsync("user");
        using var authenticator = new SoftAuthenticator(a);
        var (old, oldOptions) = await user.BeginPasskeyAsync();
        var (token, options) = await user.BeginPasskeyAsync();
        var (signIn, _) = await a.BeginPasskeyLoginAsync();
        Assert.Equal("passkey_token.invalid", await (await admin.AddPasskeyAsync(token, authenticator.Create(options))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("passkey_token.invalid", await (await other.AddPasskeyAsync(token, authenticator.Create(options))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("passkey_token.invalid", await (await user.AddPasskeyAsync(old, authenticator.Create(oldOptions))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("passkey_token.invalid", await (await user.AddPasskeyAsync(signIn, authenticator.Create(options))).CodeAsync(HttpStatusCode.BadRequest));
        await (await user.AddPasskeyAsync(token, authenticator.Create(options))).OkAsync(HttpStatusCode.Created);

        // One authenticator's credential has one owner.
        Assert.Equal("passkey.invalid", await (await admin.TryAddPasskeyAsync(authenticator)).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task What_a_client_says_of_transports_is_stored_only_where_it_is_known()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var authenticator = new SoftAuthenticator(organization);
        var (token, options) = await user.BeginPasskeyAsync();
        await (await user.AddPasskeyAsync(token, authenticator.Create(options, transports: ["usb", "\0", "carrier-pigeon"]))).OkAsync(HttpStatusCode.Created);
        Assert.Equal(["[\"usb\"]"], await organization.QueryAsync<string>("SELECT data ->> 'Transports' FROM passkeys"));
    }

    [Fact] // SEC-3
    public async Task Anothers_passkey_is_as_one_that_is_not_there()
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("user");
        using var admin = await organization.SignInAsync();
        foreach (var id in new[] { authenticator.IdText, "AAAA", "%20", "nonsense!" })
        {
            Assert.Equal("passkey.not_found", await (await admin.PatchAsJsonAsync($"/me/passkeys/{id}", new { name = "Mine" })).CodeAsync(HttpStatusCode.NotFound));
            Assert.Equal("passkey.not_found", await (await admin.DeleteAsync($"/me/passkeys/{id}")).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal(0, (await (await admin.GetAsync("/me/passkeys")).OkAsync()).GetProperty("data").GetArrayLength());
        await (await organization.LoginWithAsync(authenticator)).OkAsync();
    }

    [Fact]
    public async Task Nobody_has_more_than_ten_however_many_are_added_at_once()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        for (var i = 0; i < 9; i++)
        {
            (await organization.AddPasskeyAsync(user, $"Key {i}")).Dispose();
        }

        // Asking again voids what was asked before, so two that are open at once have to be made by hand.
        using var one = new SoftAuthenticator(organization);
        using var two = new SoftAuthenticator(organization);
        var (token, options) = await user.BeginPasskeyAsync();
        await using var rows = await RowLock.HoldAsync(organization, "SELECT 1 FROM members FOR UPDATE");
        var racing = new[] { one, two }.Select(authenticator => user.AddPasskeyAsync(token, authenticator.Create(options))).ToList();
        await rows.WaitForWaitersAsync(2);
        await rows.ReleaseAsync();
        var answers = await Task.WhenAll(racing);
        Assert.Equal(1, answers.Count(HttpStatusCode.Created));
        Assert.Equal("passkey_token.invalid", await answers.Single(answer => answer.StatusCode != HttpStatusCode.Created).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("passkey.too_many", await (await user.PostAsync("/me/passkeys/options", null)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(10, await organization.CountAsync("passkeys"));
    }

    [Fact] // Begun when there was room, finished when there is none.
    public async Task The_bound_holds_at_the_end_too()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        using var authenticator = new SoftAuthenticator(organization);
        var (token, options) = await user.BeginPasskeyAsync();
        await organization.QueryAsync<int>($$"""INSERT INTO passkeys (credential_id, user_id, data) SELECT int4send(i), '{{organization.UserId}}', '{"PublicKey": "", "SignCount": 0}' FROM generate_series(1, 10) i RETURNING 1""");
        Assert.Equal("passkey.too_many", await (await user.AddPasskeyAsync(token, authenticator.Create(options))).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact] // SEC-24, SEC-30
    public async Task Other_sessions_end_and_who_has_not_shown_a_factor_changes_none()
    {
        var organization = await fixture.OrganizationAsync();
        var before = await organization.TokensAsync("user");
        using var user = await organization.SignInAsync("user");
        using var authenticator = await organization.AddPasskeyAsync(user);
        Assert.Equal("token.invalid", await (await organization.MeAsync(before.Access())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(HttpStatusCode.OK, (await user.GetAsync("/me")).StatusCode);

        var mfa = await organization.MfaTokenAsync("user");
        var remembered = await (await organization.FinishWithAsync(mfa, authenticator.Get(await organization.BeginFactorAsync(mfa)), rememberDevice: true)).OkAsync();
        var device = await (await organization.LoginFromAsync("user", remembered.GetProperty("device_token").GetString())).OkAsync();
        using var weak = organization.WithToken(device.Access());
        var secret = await weak.SetUpTotpAsync();
        Assert.Equal("reauthentication.required", await (await weak.ConfirmTotpAsync(MfaSteps.CodeOf(secret, TimeProvider.System.GetUtcNow()))).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("reauthentication.required", await (await weak.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).CodeAsync(HttpStatusCode.Forbidden));
        using var another = new SoftAuthenticator(organization);
        Assert.Equal("reauthentication.required", await (await weak.TryAddPasskeyAsync(another)).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Fact] // SEC-33
    public async Task The_last_factor_stays_where_one_is_required_and_the_last_way_in_stays()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var authenticator = await organization.AddPasskeyAsync(admin);
        using var strong = await organization.SignInWithAsync(authenticator);
        await organization.RequireMfaAsync(strong, graceDays: 0);
        Assert.Equal("mfa.required", await (await strong.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).CodeAsync(HttpStatusCode.Conflict));
        await organization.EnableMfaAsync(strong);
        await (await strong.AllowAsync("passkey")).OkAsync();
        Assert.Equal("sign_in_method.needed", await (await strong.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).CodeAsync(HttpStatusCode.Conflict));
        await (await strong.AllowAsync("passkey", "password")).OkAsync();
        await (await strong.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).OkAsync(HttpStatusCode.NoContent);
        Assert.True(await organization.AsksForMfaAsync("admin"));
    }

    [Fact]
    public async Task A_reset_takes_passkeys_off()
    {
        var organization = await fixture.OrganizationAsync();
        using var authenticator = await organization.AddPasskeyAsync("user");
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsync($"/members/{organization.UserId}/reset-mfa", null)).OkAsync();
        Assert.Equal("login.invalid", await (await organization.LoginWithAsync(authenticator)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.False(await organization.AsksForMfaAsync("user"));
    }

    private static async Task<JsonElement> OnlyAsync(HttpClient client) =>
        Assert.Single((await (await client.GetAsync("/me/passkeys")).OkAsync()).GetProperty("data").EnumerateArray());
}
