using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Setup;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>With the limits of a fresh installation, seen from several network addresses through a trusted proxy (SEC-20).</summary>
public sealed class ThrottlingTests(ApiFixture fixture) : IAsyncLifetime
{
    private const string Victims = "198.51.100.7";
    private const string Attackers = "203.0.113.9";

    private TestApp app = null!;

    public ValueTask InitializeAsync()
    {
        var limits = new RateLimitOptions();
        var settings = new Dictionary<string, string?> { ["Web:TrustedProxies:0"] = "127.0.0.0/8" };
        foreach (var (call, limit) in typeof(RateLimitOptions).GetProperties().Select(call => (call.Name, (RateLimit)call.GetValue(limits)!)))
        {
            settings[$"RateLimits:{call}:PerAccount"] = limit.PerAccount.ToString(CultureInfo.InvariantCulture);
            settings[$"RateLimits:{call}:PerAddress"] = limit.PerAddress.ToString(CultureInfo.InvariantCulture);
            settings[$"RateLimits:{call}:PerOrganization"] = limit.PerOrganization.ToString(CultureInfo.InvariantCulture);

            // But none so short that a busy machine takes longer for what it permits.
            settings[$"RateLimits:{call}:Window"] = "00:15:00";
        }

        app = new TestApp(fixture.App.Database, fixture.Smtp, settings);
        app.StartServer();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact] // SEC-20
    public async Task Guessing_one_password_is_stopped_for_the_attacker_and_never_locks_the_victim_out()
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var attacker = From(organization, Attackers);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await LoginAsync(attacker, "user", "wrong wrong wrong")).StatusCode);
        }

        var refused = await LoginAsync(attacker, "user", TestOrganization.Password);
        Assert.Equal("rate_limit.exceeded", await refused.CodeAsync(HttpStatusCode.TooManyRequests));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(15));
        Assert.Equal(["20"], refused.Headers.GetValues("RateLimit-Limit"));
        Assert.Equal(["0"], refused.Headers.GetValues("RateLimit-Remaining"));
        Assert.InRange(int.Parse(Assert.Single(refused.Headers.GetValues("RateLimit-Reset")), CultureInfo.InvariantCulture), 1, 900);

        // Neither case nor spaces make another account of it.
        Assert.Equal("rate_limit.exceeded", await (await LoginAsync(attacker, " USER ", TestOrganization.Password)).CodeAsync(HttpStatusCode.TooManyRequests));
        using var victim = From(organization, Victims);
        await (await LoginAsync(victim, "user", TestOrganization.Password)).OkAsync();
    }

    [Fact] // SEC-20
    public async Task A_thousand_wrong_passwords_from_one_address_do_not_stop_the_owner_signing_in_from_another()
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var victim = From(organization, Victims);
        var before = await (await LoginAsync(victim, "user", TestOrganization.Password)).OkAsync();
        using var attacker = From(organization, Attackers);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 1_000; i++)
        {
            using var answer = await LoginAsync(attacker, i % 2 == 0 ? "user" : organization.EmailOf("user"), $"wrong wrong wrong {i}");
            answers.Add(answer.StatusCode);
        }

        // By user name and by address: each has its budget, and nothing beyond it was even compared.
        Assert.Equal(40, answers.Count(status => status == HttpStatusCode.Unauthorized));
        Assert.Equal(960, answers.Count(status => status == HttpStatusCode.TooManyRequests));
        Assert.Equal(40, await organization.CountAsync("audit_log WHERE action = 'sign_in.failed'"));

        await (await LoginAsync(victim, "user", TestOrganization.Password)).OkAsync();
        await (await LoginAsync(victim, organization.EmailOf("user"), TestOrganization.Password)).OkAsync();
        await (await victim.PostAsJsonAsync("/refresh", new { refresh = before.Refresh() })).OkAsync();
        await (await organization.MeAsync(before.Access())).OkAsync();
        Assert.Equal(["active"], await organization.QueryAsync<string>("SELECT status FROM members WHERE user_name = 'user'"));
    }

    [Fact] // SEC-20
    public async Task Spraying_many_accounts_from_one_address_is_stopped_and_others_go_on()
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var attacker = From(organization, Attackers);
        for (var i = 0; i < 60; i++)
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await VerifyAsync(attacker, $"person{i}@x.test")).StatusCode);
        }

        Assert.Equal("rate_limit.exceeded", await (await VerifyAsync(attacker, "person60@x.test")).CodeAsync(HttpStatusCode.TooManyRequests));
        using var somebody = From(organization, Victims);
        Assert.Equal("otp.invalid", await (await VerifyAsync(somebody, "person60@x.test")).CodeAsync(HttpStatusCode.BadRequest));

        // SEC-6: the same address is not limited in another organization.
        using var elsewhere = From(await TestOrganization.CreateAsync(app), Attackers);
        Assert.Equal("otp.invalid", await (await VerifyAsync(elsewhere, "person60@x.test")).CodeAsync(HttpStatusCode.BadRequest));

        static Task<HttpResponseMessage> VerifyAsync(HttpClient client, string email) => client.PostAsJsonAsync("/verify-otp", new { email, otp = "000000" });
    }

    [Fact] // SEC-20
    public async Task Trying_invitations_out_is_stopped_and_others_go_on()
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var attacker = From(organization, Attackers);
        for (var i = 0; i < 60; i++)
        {
            Assert.Equal("link.invalid", await (await AcceptAsync(attacker, i)).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal("rate_limit.exceeded", await (await AcceptAsync(attacker, 60)).CodeAsync(HttpStatusCode.TooManyRequests));
        using var somebody = From(organization, Victims);
        Assert.Equal("link.invalid", await (await AcceptAsync(somebody, 60)).CodeAsync(HttpStatusCode.NotFound));

        static Task<HttpResponseMessage> AcceptAsync(HttpClient client, int i) =>
            client.PostAsJsonAsync($"/invitations/accept/iv_{i:D43}", new { username = "eve", full_name = "Eve", password = TestOrganization.Password });
    }

    [Theory] // SEC-20
    [InlineData("/login/passkey/options")]
    [InlineData("/login/passkey")]
    [InlineData("/login/mfa/passkey/options")]
    [InlineData("/login/mfa/passkey")]
    public async Task Trying_passkeys_out_is_stopped_and_others_go_on(string route)
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var attacker = From(organization, Attackers);
        for (var i = 0; i < 200; i++)
        {
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await CallAsync(attacker)).StatusCode);
        }

        Assert.Equal("rate_limit.exceeded", await (await CallAsync(attacker)).CodeAsync(HttpStatusCode.TooManyRequests));
        using var somebody = From(organization, Victims);
        Assert.NotEqual(HttpStatusCode.TooManyRequests, (await CallAsync(somebody)).StatusCode);

        Task<HttpResponseMessage> CallAsync(HttpClient client)
        {
            var credential = new { id = "AAAA" };
            return route switch
            {
                "/login/passkey/options" => client.PostAsync(route, null),
                "/login/passkey" => client.PostAsJsonAsync(route, new { passkey_token = "pk_nonsense", credential }),
                "/login/mfa/passkey" => client.PostAsJsonAsync(route, new { mfa_token = "mf_nonsense", credential }),
                _ => client.PostAsJsonAsync(route, new { mfa_token = "mf_nonsense" }),
            };
        }
    }

    [Theory] // SEC-11, SEC-12
    [InlineData("/resend-otp", "unproven")]
    [InlineData("/resend-otp", "nobody")]
    [InlineData("/forgot-password", "user")]
    [InlineData("/forgot-password", "nobody")]
    public async Task Asking_for_mails_is_limited_alike_for_known_and_unknown_addresses(string route, string name)
    {
        var organization = await TestOrganization.CreateAsync(app);
        await organization.RegisterAsync("unproven");
        using var client = From(organization, Victims);
        for (var i = 0; i < 5; i++)
        {
            await (await client.PostAsJsonAsync(route, new { email = organization.EmailOf(name) })).OkAsync(HttpStatusCode.Accepted);
        }

        Assert.Equal("rate_limit.exceeded", await (await client.PostAsJsonAsync(route, new { email = organization.EmailOf(name).ToUpperInvariant() })).CodeAsync(HttpStatusCode.TooManyRequests));
    }

    [Fact] // SEC-11, SEC-20
    public async Task Nobodys_mailbox_is_filled_with_codes_for_a_change_of_address()
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var client = From(organization, Victims);
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.TokensAsync("user")).Access());
        for (var i = 0; i < 5; i++)
        {
            await (await client.ChangeEmailAsync("somebody@x.test")).OkAsync(HttpStatusCode.Accepted);
        }

        Assert.Equal("rate_limit.exceeded", await (await client.ChangeEmailAsync("SOMEBODY@x.test")).CodeAsync(HttpStatusCode.TooManyRequests));
        await (await client.ChangeEmailAsync("somebody.else@x.test")).OkAsync(HttpStatusCode.Accepted);
    }

    [Fact] // SEC-20, SEC-30
    public async Task Whoever_holds_a_session_cannot_guess_the_password_behind_it_and_locks_nobody_else_out()
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var attacker = From(organization, Attackers);
        using var victim = From(organization, Victims);
        attacker.DefaultRequestHeaders.Authorization = victim.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.TokensAsync("user")).Access());
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("password.wrong", await (await attacker.ChangePasswordAsync("eleven brass lanterns swaying", "wrong wrong wrong")).CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal("rate_limit.exceeded", await (await attacker.ChangePasswordAsync("eleven brass lanterns swaying")).CodeAsync(HttpStatusCode.TooManyRequests));
        await (await victim.ChangePasswordAsync("eleven brass lanterns swaying")).OkAsync(HttpStatusCode.NoContent);
    }

    [Theory] // SEC-50
    [InlineData("/billing/portal", 20)]
    [InlineData("/billing/subscription/refresh", 10)]
    public async Task One_member_cannot_use_up_what_all_organizations_may_ask_of_the_payment_provider(string route, int permitted)
    {
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = From(organization, Attackers);
        admin.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.TokensAsync("admin")).Access());
        for (var i = 0; i < permitted; i++)
        {
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await admin.PostAsync(route, null)).StatusCode);
        }

        Assert.Equal("rate_limit.exceeded", await (await admin.PostAsync(route, null)).CodeAsync(HttpStatusCode.TooManyRequests));
        await (await admin.GetAsync("/billing/subscription")).OkAsync();

        // SEC-6: another organization's admin at the same address goes on.
        var other = await TestOrganization.CreateAsync(app);
        using var elsewhere = From(other, Attackers);
        elsewhere.DefaultRequestHeaders.Authorization = new("Bearer", (await other.TokensAsync("admin")).Access());
        Assert.NotEqual(HttpStatusCode.TooManyRequests, (await elsewhere.PostAsync(route, null)).StatusCode);
    }

    [Fact] // SEC-11: who has one IPv6 address has 2^64 of them
    public async Task All_addresses_of_one_IPv6_network_are_counted_together()
    {
        var organization = await TestOrganization.CreateAsync(app);
        for (var i = 0; i < 20; i++)
        {
            using var attacker = From(organization, $"2001:db8:0:1::{i + 1:x}");
            Assert.Equal(HttpStatusCode.Unauthorized, (await LoginAsync(attacker, "user", "wrong wrong wrong")).StatusCode);
        }

        using var again = From(organization, "2001:db8:0:1:ffff:ffff:ffff:ffff");
        await (await LoginAsync(again, "user", TestOrganization.Password)).CodeAsync(HttpStatusCode.TooManyRequests);
        using var neighbour = From(organization, "2001:db8:0:2::1");
        await (await LoginAsync(neighbour, "user", TestOrganization.Password)).OkAsync();
        using var mapped = From(organization, "::ffff:198.51.100.7");
        await (await LoginAsync(mapped, "user", TestOrganization.Password)).OkAsync();
    }

    [Fact] // SEC-47
    public async Task The_address_in_a_header_counts_only_from_a_trusted_proxy()
    {
        var organization = await fixture.OrganizationAsync();
        using var client = From(organization, Attackers);
        await LoginAsync(client, "user", "wrong wrong wrong");
        Assert.Equal(["127.0.0.1"], await organization.QueryAsync<string>("SELECT ip_address FROM audit_log WHERE action = 'sign_in.failed'"));

        var trusting = await TestOrganization.CreateAsync(app);
        using var behindProxy = From(trusting, Attackers);
        await LoginAsync(behindProxy, "user", "wrong wrong wrong");
        Assert.Equal([Attackers], await trusting.QueryAsync<string>("SELECT ip_address FROM audit_log WHERE action = 'sign_in.failed'"));
    }

    private static Task<HttpResponseMessage> LoginAsync(HttpClient client, string username, string password) =>
        client.PostAsJsonAsync("/login", new { username, password });

    private static HttpClient From(TestOrganization organization, string address)
    {
        var client = organization.App.ClientFor(organization.Identifier);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return client;
    }
}
