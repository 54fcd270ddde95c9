using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

public sealed class OffboardingTests(ApiFixture fixture)
{
    [Fact] // SEC-7
    public async Task A_removed_organization_is_gone_from_every_node_and_its_tokens_are_worth_nothing_to_its_successor()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        var tokens = await organization.TokensAsync("admin");
        using var admin = organization.WithToken(tokens.Access());
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        await organization.RequireGoodAsync(key);
        await organization.RegisterAsync("ada");
        await organization.RefreshAsync((await organization.TokensAsync("user")).Refresh());
        await organization.LogoutAsync((await organization.TokensAsync("user")).Refresh());

        // Both nodes hold the organization in memory.
        await (await organization.MeAsync(tokens.Access())).OkAsync();
        await (await organization.MeAsync(tokens.Access(), second)).OkAsync();

        await fixture.App.Services.GetRequiredService<RemoveOrganization>().RunAsync(organization.Organization.Key, Actor.System, CancellationToken.None);

        foreach (var node in new[] { fixture.App, second })
        {
            await Eventually.HoldsAsync(async () => (await organization.MeAsync(tokens.Access(), node)).StatusCode == HttpStatusCode.NotFound, "the node has forgotten it", Eventually.Soon);
            Assert.Equal("tenant.not_found", await (await organization.MeAsync(tokens.Access(), node)).CodeAsync(HttpStatusCode.NotFound));
        }

        Assert.Equal("tenant.not_found", await (await organization.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("tenant.not_found", await (await organization.TryLoginAsync("admin")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(0, await organization.CountAsync($"""
            (SELECT 1 FROM platform.work WHERE organization_id = '{organization.Organization.Id}'
             UNION ALL SELECT 1 FROM platform.revocations WHERE organization_id = '{organization.Organization.Id}'
             UNION ALL SELECT 1 FROM platform.organizations WHERE id = '{organization.Organization.Id}'
             UNION ALL SELECT 1 FROM pg_namespace WHERE nspname = '{organization.Organization.Schema}'
             UNION ALL SELECT 1 FROM pg_roles WHERE rolname = '{organization.Organization.Schema}') AS traces
            """));

        // Somebody else takes the name, and so the host and the issuer. The old tokens have hardly aged.
        var successor = await TestOrganization.CreateAsync(fixture.App, organization.Identifier);
        foreach (var node in new[] { fixture.App, second })
        {
            await Eventually.HoldsAsync(async () => (await successor.MeAsync(tokens.Access(), node)).StatusCode != HttpStatusCode.NotFound, "the node knows the successor", Eventually.Soon);
            Assert.Equal("tenant.mismatch", await (await successor.MeAsync(tokens.Access(), node)).CodeAsync(HttpStatusCode.Unauthorized));
        }

        // A key names who is gone: to the successor it is another organization's, and by itself it is nobody's.
        Assert.Equal("tenant.mismatch", await (await successor.ReadAsync(key)).CodeAsync(HttpStatusCode.Unauthorized));
        using var alone = fixture.App.ClientFor(null);
        alone.DefaultRequestHeaders.Add("X-Api-Key", key.Key);
        Assert.Equal("token.invalid", await (await alone.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("refresh.invalid", await (await successor.RefreshAsync(tokens.Refresh())).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(2, await successor.CountAsync("members"));
    }
}
