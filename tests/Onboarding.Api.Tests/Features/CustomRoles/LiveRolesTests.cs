using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.CustomRoles;

/// <summary>A role that was changed holds for everybody who is signed in with it, at once and on every node (SEC-24).</summary>
public sealed class LiveRolesTests(ApiFixture fixture)
{
    [Fact] // SEC-24
    public async Task What_a_role_loses_or_gains_holds_for_live_sessions_here_at_once_and_on_another_node_soon()
    {
        var organization = await fixture.OrganizationAsync();
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        await organization.AddActiveAsync("ada", "reader");
        using var here = await organization.SignInAsync("ada");
        using var there = second.ClientFor(organization.Identifier);
        there.DefaultRequestHeaders.Authorization = here.DefaultRequestHeaders.Authorization;
        await HoldsAsync(HttpStatusCode.OK, HttpStatusCode.Forbidden);

        await (await admin.PatchAsJsonAsync("/roles/reader", new { permissions = new[] { Permissions.ReadAuditLog } })).OkAsync();
        await HoldsAsync(HttpStatusCode.Forbidden, HttpStatusCode.OK);

        await (await admin.PatchAsJsonAsync("/roles/reader", new { permissions = Array.Empty<string>() })).OkAsync();
        await HoldsAsync(HttpStatusCode.Forbidden, HttpStatusCode.Forbidden);
        Assert.Empty((await (await there.GetAsync("/me")).OkAsync()).GetProperty("permissions").EnumerateArray());

        async Task HoldsAsync(HttpStatusCode members, HttpStatusCode audit)
        {
            Assert.Equal((members, audit), await StatusesAsync(here));
            await Eventually.HoldsAsync(async () => await StatusesAsync(there) == (members, audit), $"the other node answers {members} and {audit}", Eventually.Soon);
        }

        static async Task<(HttpStatusCode, HttpStatusCode)> StatusesAsync(HttpClient client)
        {
            using var members = await client.GetAsync("/members");
            using var audit = await client.GetAsync("/audit-log");
            return (members.StatusCode, audit.StatusCode);
        }
    }

    // Clocks of nodes differ, and what is stamped first may be committed last: the newest time of all is no sign that nothing changed.
    [Theory] // SEC-24
    [InlineData(true, 3600)]
    [InlineData(false, 360)]
    public async Task A_change_reaches_another_node_although_a_later_one_was_stamped_before(bool notified, int secondsAhead)
    {
        var database = await fixture.Postgres.CreateDatabaseAsync();
        await using var first = new TestApp(database, fixture.Smtp);
        first.StartServer();
        await using var second = new TestApp(database, fixture.Smtp);
        second.StartServer();
        var (organization, ahead) = (await TestOrganization.CreateAsync(first), await TestOrganization.CreateAsync(first));
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        await organization.AddActiveAsync("ada", "reader");
        using var signedIn = await organization.SignInAsync("ada");
        using var there = second.ClientFor(organization.Identifier);
        there.DefaultRequestHeaders.Authorization = signedIn.DefaultRequestHeaders.Authorization;

        await ahead.QueryAsync<int>($"UPDATE platform.organizations SET changed_at = now() + interval '{secondsAhead} seconds' WHERE id = '{ahead.Organization.Id}' RETURNING 1");
        await Eventually.HoldsAsync(async () => (await there.GetAsync("/members")).IsSuccessStatusCode, "the other node knows the role");
        await WaitForPollAsync();

        if (notified)
        {
            await (await admin.PatchAsJsonAsync("/roles/reader", new { permissions = Array.Empty<string>() })).OkAsync();
        }
        else
        {
            await organization.QueryAsync<int>($"UPDATE platform.organizations SET settings = jsonb_set(settings, '{{CustomRoles,reader}}', '[]'), changed_at = clock_timestamp() WHERE id = '{organization.Organization.Id}' RETURNING 1");
        }

        await Eventually.HoldsAsync(async () => (await there.GetAsync("/members")).StatusCode == HttpStatusCode.Forbidden, "the other node has heard of it", Eventually.Soon);

        // The other node has taken note of the time ahead once its poll has gone past it; that it forgets is what shows it.
        async Task WaitForPollAsync()
        {
            await organization.QueryAsync<int>($"UPDATE platform.organizations SET name = 'Noticed' WHERE id = '{organization.Organization.Id}' RETURNING 1");
            await ahead.QueryAsync<int>($"UPDATE platform.organizations SET changed_at = changed_at + interval '1 millisecond' WHERE id = '{ahead.Organization.Id}' RETURNING 1");
            await Eventually.HoldsAsync(
                async () => (await (await there.GetAsync("/me")).OkAsync()).GetProperty("organization").GetProperty("name").GetString() == "Noticed", "the poll has gone past");
        }
    }

    [Fact] // SEC-24
    public async Task A_change_whose_node_died_before_it_told_the_others_is_told_by_its_event()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
        await organization.AddActiveAsync("ada", "reader");
        using var ada = await organization.SignInAsync("ada");
        await (await ada.GetAsync("/members")).OkAsync();

        // What the request commits, and nothing of what it does afterwards.
        await organization.RunAsync(async db =>
        {
            var settings = await db.Settings.SingleAsync();
            var role = await db.Roles.SingleAsync(r => r.Name == "reader");
            settings.NextRevision();
            db.Record(role.Change(null, [], TimeProvider.System.GetUtcNow())!, Actor.System);
            return await db.SaveChangesAsync();
        });

        await organization.SettledAsync();
        await Eventually.HoldsAsync(async () => (await ada.GetAsync("/members")).StatusCode == HttpStatusCode.Forbidden, "the event has told it", Eventually.Soon);
    }
}
