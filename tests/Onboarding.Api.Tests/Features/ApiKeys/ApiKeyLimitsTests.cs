using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

/// <summary>Where from and how often a key may be used, and what is counted of it.</summary>
public sealed class ApiKeyLimitsTests(ApiFixture fixture)
{
    private static readonly string[] Networks = ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"];

    [Fact]
    public async Task A_key_works_from_its_networks_only_in_whichever_form_the_address_arrives()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Web:TrustedProxies:0"] = "127.0.0.0/8" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(new { name = "Nets", scopes = new[] { Permissions.ReadMembers }, allowed_networks = Networks });

        foreach (var address in new[] { "192.0.2.1", "192.0.2.255", "::ffff:192.0.2.1", "::ffff:c000:201", "2001:db8:1::1", "198.51.100.7" })
        {
            Assert.True(await FromAsync(address) is null, address);
        }

        foreach (var address in new[] { "192.0.3.1", "::ffff:192.0.3.1", "2001:db9::1", "198.51.100.8", "127.0.0.1", "::1", "::c000:201" })
        {
            Assert.True(await FromAsync(address) == "api_key.network_denied", address);
        }

        async Task<string?> FromAsync(string address)
        {
            using var machine = organization.WithKey(key);
            machine.DefaultRequestHeaders.Add("X-Forwarded-For", address);
            using var answer = await machine.GetAsync("/members");
            return answer.IsSuccessStatusCode ? null : await answer.CodeAsync(HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task Over_its_rate_a_key_hears_how_long_to_wait_and_no_other_key_does()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(new { name = "Slow", scopes = new[] { Permissions.ReadMembers }, rate_limit = 3 });
        var other = await admin.CreateKeyAsync(new { name = "Other", scopes = new[] { Permissions.ReadMembers }, rate_limit = 3 });
        for (var i = 0; i < 3; i++)
        {
            await organization.RequireGoodAsync(key);
        }

        using var refused = await organization.ReadAsync(key);
        Assert.Equal("rate_limit.exceeded", await refused.CodeAsync(HttpStatusCode.TooManyRequests));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(("3", "0"), (refused.Headers.GetValues("RateLimit-Limit").Single(), refused.Headers.GetValues("RateLimit-Remaining").Single()));
        Assert.True(refused.Headers.Contains("RateLimit-Reset"));
        await organization.RequireGoodAsync(other);

        // The same secret a moment later under another limit, and a rotated one under the same.
        await (await admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { rate_limit = 4 })).OkAsync();
        var rotated = await admin.RotateKeyAsync(key.Id);
        for (var i = 0; i < 4; i++)
        {
            await organization.RequireGoodAsync(i % 2 == 0 ? key : rotated);
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await organization.ReadAsync(rotated)).StatusCode);
    }

    [Fact] // SEC-34
    public async Task Whoever_tries_one_made_up_key_after_the_other_has_to_wait_and_keys_that_work_go_on()
    {
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, new Dictionary<string, string?> { ["RateLimits:UnknownApiKey:PerAddress"] = "5" });
        app.StartServer();
        var (organization, other) = (await TestOrganization.CreateAsync(app), await TestOrganization.CreateAsync(app));
        using var admin = await organization.SignInAsync();
        var good = await admin.CreateKeyAsync(Permissions.ReadMembers);
        await organization.RequireGoodAsync(good);

        // One that is wrong is one guess, however often it comes.
        var first = MadeUp(organization);
        for (var i = 0; i < 20; i++)
        {
            await organization.RequireBadAsync(first);
        }

        for (var i = 1; i < 5; i++)
        {
            await organization.RequireBadAsync(MadeUp(organization));
        }

        using var refused = await organization.ReadAsync(MadeUp(organization));
        Assert.Equal("rate_limit.exceeded", await refused.CodeAsync(HttpStatusCode.TooManyRequests));
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        await organization.RequireGoodAsync(good);
        await organization.RequireBadAsync(first);
        await other.RequireBadAsync(MadeUp(other));

        // Nor has it to wait because something about an organization has changed, and all is looked up anew.
        await app.Services.GetRequiredService<CachedOrganizationStore>().ForgetAsync();
        await organization.RequireGoodAsync(good);

        static IssuedKey MadeUp(TestOrganization of) => new(Guid.Empty, ApiKeyToken.New(of.Organization.Key));
    }

    [Fact]
    public async Task What_a_key_was_used_for_is_written_down_off_the_path_of_requests()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["ApiKeys:UsageInterval"] = "00:00:01" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(new { name = "Counted", scopes = new[] { Permissions.ReadMembers }, rate_limit = 4 });
        var unused = await admin.CreateOwnKeyAsync(Permissions.ReadMembers);
        var before = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 6; i++)
        {
            await organization.ReadAsync(key);
        }

        // One row a day, however many times it was written to.
        var usage = await UsageAsync(6);
        Assert.Equal(2, usage.GetProperty("refused").GetInt64());
        Assert.InRange(usage.GetProperty("last_used_at").GetDateTimeOffset(), before.AddSeconds(-1), TimeProvider.System.GetUtcNow());
        await organization.ReadAsync(key);
        usage = await UsageAsync(7);
        Assert.Equal(3, usage.GetProperty("refused").GetInt64());
        Assert.InRange(usage.GetProperty("days").GetArrayLength(), 1, 2);

        var none = await (await admin.GetAsync($"/me/api-keys/{unused.Id}/usage?days=1")).OkAsync();
        Assert.Equal((JsonValueKind.Null, 0, 0), (none.GetProperty("last_used_at").ValueKind, none.GetProperty("requests").GetInt64(), none.GetProperty("days").GetArrayLength()));

        async Task<JsonElement> UsageAsync(long requests)
        {
            JsonElement answer = default;
            await Eventually.HoldsAsync(
                async () => (answer = await (await admin.GetAsync($"/api-keys/{key.Id}/usage")).OkAsync()).GetProperty("requests").GetInt64() == requests,
                $"{requests} requests are written down");
            return answer;
        }
    }

    [Fact]
    public async Task What_two_nodes_count_of_many_keys_adds_up()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var keys = new List<Guid>();
        for (var i = 0; i < 20; i++)
        {
            keys.Add((await admin.CreateKeyAsync(Permissions.ReadMembers)).Id);
        }

        // Whole seconds: PostgreSQL keeps microseconds, cut off where it is a parameter and rounded where it is a text.
        var now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(node => organization.RunAsync(async db =>
        {
            // Each in an order of its own, a key that is gone among them, and yesterday beside today.
            var counted = keys.Append(Guid.CreateVersion7()).SelectMany(key => new[] { today, today.AddDays(-1) }.Select(day => new Tenancy.ApiKeys.CountedUse(key, day, 2, 1, now.AddSeconds(-node))));
            await Tenancy.ApiKeys.ApiKeyUsage.AddAsync(db, [.. node % 2 == 0 ? counted : counted.Reverse()], CancellationToken.None);
            return node;
        })));
        Assert.Equal(40, await organization.CountAsync("api_key_usage WHERE requests = 16 AND refused = 8"));
        Assert.Equal(40, await organization.CountAsync("api_key_usage"));
        Assert.Equal(20, await organization.CountAsync($"api_keys WHERE last_used_at = '{now:O}'"));
    }

    [Fact]
    public async Task Nothing_that_is_counted_while_it_is_taken_out_gets_lost()
    {
        var organization = (await fixture.OrganizationAsync()).Organization;
        var counted = ActivatorUtilities.CreateInstance<CountedApiKeys>(fixture.App.Services);
        var key = Guid.CreateVersion7();
        var counting = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                counted.Count(organization, key, refused: i % 2 == 0);
            }
        })));
        var (requests, refused) = (0L, 0L);
        while (true)
        {
            var done = counting.IsCompleted;
            foreach (var use in counted.Take().SelectMany(taken => taken.Uses))
            {
                requests += use.Requests;
                refused += use.Refused;
            }

            if (done)
            {
                break;
            }
        }

        Assert.Equal((80_000, 40_000), (requests, refused));
    }
}
