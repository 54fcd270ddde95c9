using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Mfa;

/// <summary>An organization that requires a second factor.</summary>
[Collection(ClockCollection.Name)]
public sealed class RequiredMfaTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>All that a session reaches without it; adding a line here is a decision.</summary>
    private static readonly string[] Reachable =
    [
        "DELETE /me/mfa/totp",
        "DELETE /me/passkeys/{id}",
        "DELETE /me/sessions/{id:guid}",
        "GET /me",
        "GET /me/passkeys",
        "GET /me/sessions",
        "PATCH /me",
        "PATCH /me/passkeys/{id}",
        "POST /me/mfa/recovery-codes",
        "POST /me/mfa/totp",
        "POST /me/mfa/totp/confirm",
        "POST /me/passkeys",
        "POST /me/passkeys/options",
    ];

    [Fact] // SEC-33: every route, those to come too
    public async Task Without_it_a_session_reaches_nothing_but_where_it_is_set_up()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await organization.RequireMfaAsync(admin, graceDays: 0);

        var reached = new List<string>();
        foreach (var route in ApiRoute.AllOf(clocked.App).Where(route => route is { IsAnonymous: false, IsTenantless: false }))
        {
            using var call = route.Call();
            using var answer = await admin.SendAsync(call);
            if (answer.StatusCode != HttpStatusCode.Forbidden || await answer.CodeAsync(HttpStatusCode.Forbidden) != "mfa.setup_required")
            {
                reached.Add($"{route}");
            }
        }

        Assert.Equal(Reachable, reached.Order(StringComparer.Ordinal));
    }

    [Fact] // SEC-24, SEC-33
    public async Task A_requirement_acts_on_live_sessions_when_the_grace_is_over_and_no_longer_when_it_is_lifted()
    {
        var organization = await clocked.OrganizationAsync();
        var app = await organization.EnableMfaAsync("admin");
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(1));
        using var admin = await organization.SignInWithAsync("admin", app);
        var before = await organization.TokensAsync("user");
        Assert.False(before.TryGetProperty("mfa_setup_required_by", out _));

        await organization.RequireMfaAsync(admin, graceDays: 3);
        var by = clocked.Clock.GetUtcNow() + TimeSpan.FromDays(3);
        var during = await organization.TokensAsync("user");
        Assert.Equal(by, during.GetProperty("mfa_setup_required_by").GetDateTimeOffset());
        Assert.Equal(by, (await (await organization.RefreshAsync(before.Refresh())).OkAsync()).GetProperty("mfa_setup_required_by").GetDateTimeOffset());

        await clocked.AdvanceAsync(TimeSpan.FromDays(3) - Second);
        var tokens = await organization.TokensAsync("user");
        using var user = organization.WithToken(tokens.Access());
        Assert.Equal("permission.denied", await (await user.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        await clocked.AdvanceAsync(Second);
        Assert.Equal("mfa.setup_required", await (await user.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        await (await user.GetAsync("/me")).OkAsync();
        Assert.Equal(["pwd"], (await organization.TokensAsync("user")).Methods());

        await clocked.AdvanceAsync(TimeSpan.FromMinutes(1));
        using var again = await organization.SignInWithAsync("admin", app);
        await (await again.PatchAsJsonAsync("/organization", new { security = new { require_mfa = false } })).OkAsync();
        Assert.Equal("permission.denied", await (await user.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        Assert.False((await organization.TokensAsync("user")).TryGetProperty("mfa_setup_required_by", out _));
    }

    [Fact] // SEC-33
    public async Task Whoever_sets_one_up_is_let_in_by_the_next_refresh_and_may_not_take_it_off()
    {
        var organization = await clocked.OrganizationAsync();
        using (var setting = await organization.SignInAsync())
        {
            await organization.RequireMfaAsync(setting, graceDays: 0);
        }

        var tokens = await organization.TokensAsync("admin");
        Assert.Equal(clocked.Clock.GetUtcNow(), tokens.GetProperty("mfa_setup_required_by").GetDateTimeOffset());
        using var admin = organization.WithToken(tokens.Access());
        Assert.Equal("mfa.setup_required", await (await admin.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        var app = await organization.EnableMfaAsync(admin);
        Assert.Equal("mfa.setup_required", await (await admin.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));

        tokens = await (await organization.RefreshAsync(tokens.Refresh())).OkAsync();
        Assert.False(tokens.TryGetProperty("mfa_setup_required_by", out _));
        admin.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        await (await admin.GetAsync("/members")).OkAsync();
        Assert.Equal("mfa.required", await (await admin.DeleteAsync("/me/mfa/totp")).CodeAsync(HttpStatusCode.Conflict));
        Assert.True(await organization.AsksForMfaAsync("admin"));

        // A recovery code and a remembered device let in as well, because both stand on the same factor.
        var device = (await (await organization.LoginWithAsync("admin", app.RecoveryCodes[0], rememberDevice: true)).OkAsync()).GetProperty("device_token").GetString();
        using var remembered = organization.WithToken((await (await organization.LoginFromAsync("admin", device)).OkAsync()).Access());
        await (await remembered.GetAsync("/members")).OkAsync();
    }

    [Fact] // SEC-33: a session from before the app was taken off
    public async Task Taking_it_off_before_the_requirement_leaves_no_session_that_gets_around_it()
    {
        var organization = await clocked.OrganizationAsync();
        var app = await organization.EnableMfaAsync("user");
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(1));
        var tokens = await (await organization.LoginWithAsync("user", app.Code())).OkAsync();
        using var user = organization.WithToken(tokens.Access());
        await (await user.DeleteAsync("/me/mfa/totp")).OkAsync(HttpStatusCode.NoContent);
        using var admin = await organization.SignInAsync();
        await organization.RequireMfaAsync(admin, graceDays: 0);

        tokens = await (await organization.RefreshAsync(tokens.Refresh())).OkAsync();
        user.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        Assert.Equal("mfa.setup_required", await (await user.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
    }

    [Fact] // SEC-6
    public async Task What_one_organization_requires_leaves_others_alone()
    {
        var (strict, other) = (await clocked.OrganizationAsync(), await clocked.OrganizationAsync());
        using var admin = await strict.SignInAsync();
        await strict.RequireMfaAsync(admin, graceDays: 0);
        using var elsewhere = await other.SignInAsync();
        await (await elsewhere.GetAsync("/members")).OkAsync();
    }

    [Fact]
    public async Task The_list_shows_who_is_affected()
    {
        var organization = await clocked.OrganizationAsync();
        await organization.AddPendingAsync("waiting");
        await organization.AddApprovedAsync("approved");
        await organization.AddActiveAsync("another", "user");
        await organization.EnableMfaAsync("user");
        using var admin = await organization.SignInAsync();

        Assert.Equal(["admin", "another"], await NamesAsync("?mfa=missing"));
        Assert.Equal(["another"], await NamesAsync("?mfa=missing&search=another"));
        Assert.Empty(await NamesAsync("?mfa=missing&status=approved"));
        Assert.Equal(["user"], await NamesAsync("?mfa=enabled"));
        Assert.Equal(["user"], (await Paged.AllAsync(admin, "/members", 2)).Where(m => m.GetProperty("mfa").GetBoolean()).Select(m => m.GetProperty("username").GetString()));
        Assert.True((await (await admin.GetAsync($"/members/{organization.UserId}")).OkAsync()).GetProperty("mfa").GetBoolean());
        Assert.Equal(HttpStatusCode.BadRequest, (await admin.GetAsync("/members?mfa=nonsense")).StatusCode);

        async Task<IEnumerable<string?>> NamesAsync(string query) =>
            (await Paged.AllAsync(admin, $"/members{query}", 1)).Select(m => m.GetProperty("username").GetString()).Order();
    }
}
