using System.Net;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Http;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

public sealed partial class SuspendedOrganizationTests(ApiFixture fixture)
{
    [Fact] // ONB-14
    public async Task Every_route_of_a_suspended_organization_gives_everybody_the_same_refusal()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var user = await organization.SignInAsync("user");
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        using var machine = organization.WithKey(key);
        await ChangeAsync(organization, suspend: true);
        await Eventually.HoldsAsync(async () => (await admin.GetAsync("/members")).StatusCode == HttpStatusCode.Forbidden, "the organization is suspended");

        var routes = ApiRoute.AllOf(fixture.App).Where(route => !route.IsTenantless).ToList();
        bool IsReachable(ApiRoute route) => route.Metadata.GetMetadata<ReachableWhileSuspended>() is not null;
        Assert.Equal(9, routes.Count(route => route.IsAnonymous && IsReachable(route))); // signing in and out, and the way back from paying
        Assert.All(routes.Where(route => !route.IsAnonymous && IsReachable(route)), route => Assert.True(route.Path is "/me" || route.Path.StartsWith("/me/mfa", StringComparison.Ordinal) || route.Path.StartsWith("/me/passkeys", StringComparison.Ordinal) || route.Policies.Contains(Permissions.ManageBilling), $"{route}"));

        var answers = new HashSet<string>();
        foreach (var route in routes.Where(route => !(route.IsAnonymous && IsReachable(route))))
        {
            // Who can pay reaches what pays (GoverningTests); everybody else is refused there too.
            foreach (var client in IsReachable(route) ? new[] { user, machine, organization.Anonymous } : [admin, user, machine, organization.Anonymous])
            {
                using var answer = await client.SendAsync(route.Call(route.RequestType is null ? null : "{}"));
                Assert.True(await answer.CodeAsync(HttpStatusCode.Forbidden) == "tenant.suspended", $"{route}");
                answers.Add(TraceId().Replace(await answer.Content.ReadAsStringAsync(), "trace"));
            }
        }

        Assert.Single(answers);

        // To a key that alone names it, a suspended organization is none.
        using var alone = fixture.App.ClientFor(null);
        alone.DefaultRequestHeaders.Add("X-Api-Key", key.Key);
        Assert.Equal("token.invalid", await (await alone.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));
        await ChangeAsync(organization, suspend: false);
        await Eventually.HoldsAsync(async () => (await alone.GetAsync("/members")).IsSuccessStatusCode, "the key works again");
    }

    [Fact] // ONB-14
    public async Task A_suspended_organization_goes_on_where_it_stopped_once_it_is_reactivated()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var mail = await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"));
        await ChangeAsync(organization, suspend: true);
        await Eventually.HoldsAsync(async () => (await organization.VerifyAsync(email, mail.Code.Other())).StatusCode == HttpStatusCode.Forbidden, "the organization is suspended");
        Assert.Equal("tenant.suspended", await (await organization.VerifyAsync(email, mail.Code)).CodeAsync(HttpStatusCode.Forbidden));

        await ChangeAsync(organization, suspend: false);
        await Eventually.HoldsAsync(async () => (await organization.Anonymous.GetAsync("/me")).StatusCode == HttpStatusCode.Unauthorized, "the organization serves again");
        await organization.TokensAsync("user");
        Assert.Equal(0, await organization.CountAsync("members WHERE user_name = 'ada' AND status = 'pending_approval'"));
    }

    private static async Task ChangeAsync(TestOrganization organization, bool suspend)
    {
        var services = organization.App.Services;
        await using var platform = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
        var row = await platform.Organizations.SingleAsync(o => o.Id == organization.Organization.Id);
        var now = TimeProvider.System.GetUtcNow();
        Assert.True(suspend ? row.Suspend(now) : row.Reactivate(now));
        await platform.SaveChangesAsync();
        await services.GetRequiredService<ClusterSignals>().OrganizationChangedAsync(organization.Organization.Key, CancellationToken.None);
    }

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex TraceId();
}
