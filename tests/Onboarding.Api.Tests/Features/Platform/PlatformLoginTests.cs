using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.SignIn;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Tenancy.Data;
using Onboarding.Testing;
using OtpNet;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>Super admins sign in by a door of their own.</summary>
public sealed class PlatformLoginTests(ApiFixture fixture)
{
    [Fact] // SEC-37, SEC-12
    public async Task A_wrong_password_and_an_unknown_name_hear_the_same()
    {
        var one = await Operator.CreateAsync(fixture.App);
        var wrong = await one.TryLoginAsync("wrong wrong wrong");
        Assert.Equal("login.invalid", await wrong.CodeAsync(HttpStatusCode.Unauthorized));
        using var client = fixture.App.ClientFor(null);
        var unknown = await client.PostAsJsonAsync("/platform/login", new { username = "nobody-at-all", password = Operator.Password });
        Assert.Equal("login.invalid", await unknown.CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(Without(await wrong.JsonAsync()), Without(await unknown.JsonAsync()));

        static string Without(System.Text.Json.JsonElement problem) => string.Join(';', problem.EnumerateObject().Where(member => member.Name != "trace_id").Select(member => $"{member.Name}={member.Value}"));
    }

    [Fact] // SEC-27, SEC-29, SEC-37
    public async Task With_an_authenticator_app_its_code_is_needed_and_good_once()
    {
        var (one, secret) = await WithAppAsync();
        Assert.Equal("mfa.code_required", await (await one.TryLoginAsync()).CodeAsync(HttpStatusCode.Unauthorized));
        var code = await Oathtool.CodeAsync(secret);
        Assert.Equal("mfa.invalid", await (await one.TryLoginAsync(code: code.Other())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("login.invalid", await (await one.TryLoginAsync("wrong wrong wrong", code)).CodeAsync(HttpStatusCode.Unauthorized));

        // Of many at once, one.
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => one.TryLoginAsync(code: code)));
        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal(3, answers.Count(HttpStatusCode.Unauthorized));
        using var signedIn = Operator.WithToken(fixture.App, (await answers.Single(answer => answer.IsSuccessStatusCode).JsonAsync()).Access());
        Assert.True((await (await signedIn.GetAsync("/platform/me")).OkAsync()).GetProperty("mfa").GetBoolean());
    }

    [Fact] // SEC-29
    public async Task After_five_wrong_codes_none_is_taken_for_a_while_and_a_wrong_password_counts_none()
    {
        var (one, secret) = await WithAppAsync();
        var code = await Oathtool.CodeAsync(secret);
        for (var i = 0; i < 6; i++)
        {
            await one.TryLoginAsync("wrong wrong wrong", code.Other());
        }

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("mfa.invalid", await (await one.TryLoginAsync(code: code.Other())).CodeAsync(HttpStatusCode.Unauthorized));
        }

        Assert.Equal("mfa.locked", await (await one.TryLoginAsync(code: code)).CodeAsync(HttpStatusCode.TooManyRequests));
    }

    [Fact] // SEC-24, SEC-37
    public async Task A_session_ends_by_signing_out_by_closing_the_account_and_by_lying_unused_on_every_node()
    {
        await using var other = new TestApp(fixture.App.Database, fixture.Smtp, configure: Faults.Nodes.WithoutJobs);
        other.StartServer();
        var one = await Operator.CreateAsync(fixture.App);
        foreach (var end in new Func<HttpClient, PlatformDbContext, Task>[]
        {
            async (client, _) => await (await client.PostAsync("/platform/logout", null)).OkAsync(HttpStatusCode.NoContent),
            (_, db) => db.SuperAdminSessions.Where(s => s.SuperAdminId == one.Id).ExecuteUpdateAsync(set => set.SetProperty(s => s.LastUsedAt, s => s.LastUsedAt.AddMinutes(-31))),
            (_, db) => db.SuperAdminSessions.Where(s => s.SuperAdminId == one.Id).ExecuteUpdateAsync(set => set.SetProperty(s => s.ExpiresAt, TimeProvider.System.GetUtcNow())),
            (_, db) => db.SuperAdmins.Where(a => a.Id == one.Id).ExecuteUpdateAsync(set => set.SetProperty(a => a.DisabledAt, TimeProvider.System.GetUtcNow())),
        })
        {
            var token = await one.TokenAsync();
            using var here = Operator.WithToken(fixture.App, token);
            using var there = Operator.WithToken(other, token);
            await (await there.GetAsync("/platform/me")).OkAsync();
            await using var db = await fixture.App.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
            await end(here, db);
            Assert.Equal("token.invalid", await (await there.GetAsync("/platform/me")).CodeAsync(HttpStatusCode.Unauthorized));
            Assert.Equal("token.invalid", await (await here.GetAsync("/platform/me")).CodeAsync(HttpStatusCode.Unauthorized));
        }

        Assert.Equal("login.invalid", await (await one.TryLoginAsync()).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-37, SEC-48
    public async Task Every_try_is_in_the_platforms_audit_log()
    {
        var (one, secret) = await WithAppAsync();
        await one.TryLoginAsync("wrong wrong wrong");
        await one.TryLoginAsync(code: "000000");
        using var signedIn = Operator.WithToken(fixture.App, await one.TokenAsync(await Oathtool.CodeAsync(secret)));
        var mine = await ActionsAsync($"actor={one.Id}");
        Assert.Equal(["sign_in.succeeded"], mine);
        Assert.Equal(2, (await Billing.Subscriber.SharedAsync<string>(fixture.App, $"SELECT action FROM platform.audit_log WHERE subject_id = '{one.Id}' AND action IN ('sign_in.failed', 'sign_in.mfa_failed')")).Count);

        async Task<IReadOnlyList<string?>> ActionsAsync(string query) => [.. (await (await signedIn.GetAsync($"/platform/audit-log?{query}")).OkAsync()).GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("action").GetString())];
    }

    private async Task<(Operator Operator, string Secret)> WithAppAsync()
    {
        var (seed, seeds) = (TotpSeeds.New(), fixture.App.Services.GetRequiredService<TotpSeeds>());
        return (await Operator.CreateAsync(fixture.App, admin => admin.SetUpSeed(seeds.Protect(seed, admin))), Base32Encoding.ToString(seed).TrimEnd('='));
    }
}
