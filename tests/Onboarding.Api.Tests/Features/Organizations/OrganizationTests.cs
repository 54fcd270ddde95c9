using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Api.Tests.Features.Passkeys;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Organizations;

public sealed class OrganizationTests(ApiFixture fixture)
{
    [Fact]
    public async Task What_an_organization_has_not_settled_is_the_products()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var found = await (await admin.GetAsync("/organization")).OkAsync();
        Assert.Equal(
            (organization.Organization.Id, organization.Identifier, organization.Organization.Name, "premium"),
            (found.GetProperty("id").GetString(), found.GetProperty("identifier").GetString(), found.GetProperty("name").GetString(), found.GetProperty("plan").GetString()));
        Assert.Equal("""{"logo_url":null,"accent_color":"#2f5bea"}""", found.GetProperty("branding").GetRawText());
        Assert.Equal(
            """{"require_mfa":false,"mfa_required_from":null,"session_idle_minutes":null,"session_absolute_minutes":null,"min_password_length":null,"sign_in_methods":["password","passkey"]}""",
            found.GetProperty("security").GetRawText());
    }

    [Fact] // SEC-48
    public async Task What_is_changed_is_changed_and_the_rest_stays()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var security = new { session_idle_minutes = 60, session_absolute_minutes = 600, min_password_length = 15, sign_in_methods = new[] { "password" } };
        await ChangeAsync(new { name = " Acme & Sons ", branding = new { logo_url = "https://acme.example/logo.png", accent_color = "#0f766e" } });
        await ChangeAsync(new { security });
        var found = await (await admin.GetAsync("/organization")).OkAsync();
        Assert.Equal("Acme & Sons", found.GetProperty("name").GetString());
        Assert.Equal("""{"logo_url":"https://acme.example/logo.png","accent_color":"#0f766e"}""", found.GetProperty("branding").GetRawText());
        Assert.Equal(
            """{"require_mfa":false,"mfa_required_from":null,"session_idle_minutes":60,"session_absolute_minutes":600,"min_password_length":15,"sign_in_methods":["password"]}""",
            found.GetProperty("security").GetRawText());
        Assert.Equal("Acme & Sons", (await (await admin.GetAsync("/me")).OkAsync()).GetProperty("organization").GetProperty("name").GetString());

        // Nothing new, so no line and no revision.
        await ChangeAsync(new { name = "Acme & Sons", security });
        await ChangeAsync(new { });
        await ChangeAsync(new { branding = new { } });
        await ChangeAsync(new { security = new { } });
        Assert.Equal(
            ["accent_color logo_url name", "min_password_length session_absolute_minutes session_idle_minutes sign_in_methods", "accent_color logo_url", "min_password_length session_absolute_minutes session_idle_minutes"],
            await organization.QueryAsync<string>($"SELECT note FROM audit_log WHERE action = 'organization.settings_changed' AND actor_id = '{organization.AdminId}' ORDER BY id"));
        Assert.Equal([4], await organization.QueryAsync<long>("SELECT revision FROM settings"));
        found = await (await admin.GetAsync("/organization")).OkAsync();
        Assert.Equal(("Acme & Sons", "#2f5bea"), (found.GetProperty("name").GetString(), found.GetProperty("branding").GetProperty("accent_color").GetString()));

        async Task ChangeAsync(object change) => await (await admin.PatchAsJsonAsync("/organization", change)).OkAsync();
    }

    [Theory]
    [InlineData("http://acme.example/logo.png", "logo_url.invalid")]
    [InlineData("https://user@acme.example/logo.png", "logo_url.invalid")]
    [InlineData("https://localhost/logo.png", "logo_url.invalid")]
    [InlineData("https://127.0.0.1/logo.png", "logo_url.invalid")]
    [InlineData("https://[::1]/logo.png", "logo_url.invalid")]
    [InlineData("https://intranet/logo.png", "logo_url.invalid")]
    [InlineData("javascript:alert(1)", "request.invalid")]
    [InlineData("logo.png", "request.invalid")]
    [InlineData("", "request.invalid")]
    public async Task A_logo_that_mail_clients_could_not_or_must_not_load_is_refused(string logo, string code)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal(code, await (await admin.PatchAsJsonAsync("/organization", new { branding = new { logo_url = logo } })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync("settings WHERE logo_url IS NOT NULL OR revision > 0"));
    }

    [Theory]
    [InlineData("#7a7a7a", "accent_color.contrast")]
    [InlineData("#0f766e", null)]
    [InlineData("#ffd400", null)]
    [InlineData("#000000", null)]
    [InlineData("red", "request.invalid")]
    [InlineData("#fff", "request.invalid")]
    [InlineData("#2f5bea\n", "request.invalid")]
    public async Task A_colour_has_to_carry_readable_text(string colour, string? code)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var answer = await admin.PatchAsJsonAsync("/organization", new { branding = new { accent_color = colour } });
        Assert.Equal(code, code is null ? (await answer.OkAsync()).TryGetProperty("code", out var none) ? none.GetString() : null : await answer.CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(code is null ? 1 : 0, await organization.CountAsync($"settings WHERE accent_color = '{colour}'"));
    }

    [Theory]
    [InlineData("""{"security":{"session_idle_minutes":4}}""", "security.session_idle_minutes")]
    [InlineData("""{"security":{"session_absolute_minutes":0}}""", "security.session_absolute_minutes")]
    [InlineData("""{"security":{"min_password_length":11}}""", "security.min_password_length")]
    [InlineData("""{"security":{"min_password_length":65}}""", "security.min_password_length")]
    [InlineData("""{"security":{"mfa_grace_days":-1}}""", "security.mfa_grace_days")]
    [InlineData("""{"security":{"session_idle_minutes":61,"session_absolute_minutes":60}}""", "security.session_idle_minutes")]
    [InlineData("""{"security":{"sign_in_methods":[]}}""", "security.sign_in_methods")]
    [InlineData("""{"security":{"sign_in_methods":["password","password"]}}""", "security.sign_in_methods")]
    [InlineData("""{"security":{"sign_in_methods":["fax"]}}""", null)]
    [InlineData("""{"security":{"require_mfa":1}}""", null)]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"name":"  "}""", "name")]
    [InlineData("""{"name":"a\nb"}""", "name")]
    [InlineData("""{"plan":"premium"}""", null)]
    [InlineData("""{"identifier":"other"}""", null)]
    public async Task What_no_policy_can_be_is_refused(string change, string? field)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var answer = await admin.PatchAsync("/organization", new StringContent(change, System.Text.Encoding.UTF8, "application/json"));
        Assert.StartsWith("request.", await answer.CodeAsync(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        if (field is not null)
        {
            Assert.Equal(field, Assert.Single((await answer.JsonAsync()).GetProperty("errors").EnumerateObject()).Name);
        }

        Assert.Equal([0], await organization.QueryAsync<long>("SELECT revision FROM settings"));
    }

    [Fact]
    public async Task Passwords_can_be_given_up_only_by_somebody_who_has_a_passkey()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var change = new { security = new { sign_in_methods = new[] { "passkey" } } };
        Assert.Equal("sign_in_method.needed", await (await admin.PatchAsJsonAsync("/organization", change)).CodeAsync(HttpStatusCode.Conflict));

        await organization.QueryAsync<int>($"INSERT INTO passkeys (credential_id, user_id, data) VALUES ('\\x01', '{organization.UserId}', '{{}}') RETURNING 1");
        Assert.Equal("sign_in_method.needed", await (await admin.PatchAsJsonAsync("/organization", change)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(["password passkey"], await organization.QueryAsync<string>("SELECT sign_in_methods FROM settings"));

        await organization.QueryAsync<int>($"INSERT INTO passkeys (credential_id, user_id, data) VALUES ('\\x02', '{organization.AdminId}', '{{}}') RETURNING 1");
        await (await admin.PatchAsJsonAsync("/organization", change)).OkAsync();
        Assert.Equal(["passkey"], await organization.QueryAsync<string>("SELECT sign_in_methods FROM settings"));

        // This session has shown no passkey, so it changes nothing any more.
        Assert.Equal("mfa.setup_required", await (await admin.PatchAsJsonAsync("/organization", new { security = new { } })).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal(["passkey"], await organization.QueryAsync<string>("SELECT sign_in_methods FROM settings"));
    }

    [Fact]
    public async Task What_opens_the_door_wider_is_never_left_out_by_accident()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await (await admin.AllowAsync("password")).OkAsync();
        Assert.Equal(["password"], await organization.QueryAsync<string>("SELECT sign_in_methods FROM settings"));
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { require_mfa = true, mfa_grace_days = 3 } })).OkAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { } })).OkAsync();
        Assert.Equal(["password"], await organization.QueryAsync<string>("SELECT sign_in_methods FROM settings WHERE mfa_required_from IS NOT NULL"));
    }

    [Fact]
    public async Task A_second_factor_that_is_newly_required_gives_a_week_and_keeps_its_date()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var before = TimeProvider.System.GetUtcNow();
        var standing = await FromAsync(new { require_mfa = true });
        Assert.InRange(standing!.Value, before.AddDays(7), TimeProvider.System.GetUtcNow().AddDays(7));
        Assert.Equal(standing, await FromAsync(new { require_mfa = true, session_idle_minutes = 60 }));
        Assert.Null(await FromAsync(new { require_mfa = false, mfa_grace_days = 3 }));

        // Last, because from then on it holds for this very session.
        Assert.InRange((await FromAsync(new { require_mfa = true, mfa_grace_days = 0 }))!.Value, before, TimeProvider.System.GetUtcNow());

        async Task<DateTimeOffset?> FromAsync(object security)
        {
            var answer = (await (await admin.PatchAsJsonAsync("/organization", new { security })).OkAsync()).GetProperty("security");
            DateTimeOffset? from = answer.GetProperty("mfa_required_from").ValueKind == JsonValueKind.Null ? null : answer.GetProperty("mfa_required_from").GetDateTimeOffset();
            Assert.Equal(from is not null, answer.GetProperty("require_mfa").GetBoolean());
            return from;
        }
    }

    [Fact] // SEC-3
    public async Task Another_organization_is_neither_seen_nor_changed()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await here.SignInAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { name = "Changed" })).OkAsync();
        using var other = await there.SignInAsync();
        Assert.Equal(there.Organization.Name, (await (await other.GetAsync("/organization")).OkAsync()).GetProperty("name").GetString());
        Assert.Equal([there.Organization.Name], await there.QueryAsync<string>($"SELECT name FROM platform.organizations WHERE id = '{there.Organization.Id}'"));
    }
}
