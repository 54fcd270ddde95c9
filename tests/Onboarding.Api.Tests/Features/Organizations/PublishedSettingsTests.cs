using System.Net;
using System.Net.Http.Json;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Organizations;

/// <summary>The copy in the catalogue that requests read follows what admins settle, in its order.</summary>
public sealed class PublishedSettingsTests(ApiFixture fixture)
{
    [Fact] // SEC-24
    public async Task Another_node_follows_soon()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        using var admin = await organization.SignInAsync();
        using var there = second.ClientFor(organization.Identifier);
        there.DefaultRequestHeaders.Authorization = admin.DefaultRequestHeaders.Authorization;
        await (await there.GetAsync("/me")).OkAsync();

        await (await admin.PatchAsJsonAsync("/organization", new { name = "Renamed", security = new { session_idle_minutes = 60 } })).OkAsync();

        // What is read from the schema is there at once, whoever answers.
        Assert.Equal("Renamed", (await (await there.GetAsync("/organization")).OkAsync()).GetProperty("name").GetString());
        await Eventually.HoldsAsync(
            async () => (await (await there.GetAsync("/me")).OkAsync()).GetProperty("organization").GetProperty("name").GetString() == "Renamed", "the other node knows the name", Eventually.Soon);
        using var signIn = await there.PostAsJsonAsync("/login", new { username = "user", password = TestOrganization.Password });
        Assert.Equal(3600, (await signIn.OkAsync()).GetProperty("refresh_expires_in").GetInt32());
    }

    [Fact]
    public async Task Two_admins_who_change_different_things_at_once_both_have_their_way()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM settings FOR UPDATE");
        var racing = new[]
        {
            admin.PatchAsJsonAsync("/organization", new { name = "Renamed" }),
            admin.PatchAsJsonAsync("/organization", new { branding = new { accent_color = "#0f766e" } }),
            admin.PostAsJsonAsync("/roles", new { name = "reader", permissions = new[] { Permissions.ReadMembers } }),
        };
        await row.WaitForWaitersAsync(3);
        await row.ReleaseAsync();
        Assert.All(await Task.WhenAll(racing), answer => Assert.True(answer.IsSuccessStatusCode));

        Assert.Equal(["3 Renamed #0f766e"], await organization.QueryAsync<string>("SELECT concat(revision, ' ', name, ' ', accent_color) FROM settings"));
        Assert.Equal(["Renamed #0f766e 3 [\"members:read\"]"], await CatalogueAsync(organization));
    }

    [Fact]
    public async Task An_older_copy_never_takes_the_place_of_a_newer_one()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsJsonAsync("/roles", new { name = "reader", permissions = new[] { Permissions.ReadMembers } })).OkAsync(HttpStatusCode.Created);

        // The first has committed and read what it will publish; until it may, somebody else publishes something newer.
        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM platform.organizations WHERE id = '{organization.Organization.Id}' FOR UPDATE");
        var older = admin.PatchAsJsonAsync("/organization", new { name = "Older" });
        await row.WaitForWaitersAsync(1);
        await row.ReleaseAsync($$"""UPDATE platform.organizations SET name = 'Newer', settings = jsonb_set(settings, '{Revision}', '9') WHERE id = '{{organization.Organization.Id}}'""");
        await (await older).OkAsync();

        Assert.Equal(["Newer #2f5bea 9 [\"members:read\"]"], await CatalogueAsync(organization));
        await organization.SettledAsync();
        Assert.Equal(["Newer #2f5bea 9 [\"members:read\"]"], await CatalogueAsync(organization));
    }

    private static Task<IReadOnlyList<string>> CatalogueAsync(TestOrganization organization) => organization.QueryAsync<string>(
        $"SELECT concat(name, ' ', accent_color, ' ', settings ->> 'Revision', ' ', settings -> 'CustomRoles' -> 'reader') FROM platform.organizations WHERE id = '{organization.Organization.Id}'");
}
