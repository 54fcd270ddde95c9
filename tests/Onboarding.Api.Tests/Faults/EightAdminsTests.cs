using System.Net;
using System.Net.Http.Json;
using Npgsql;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

public sealed class EightAdminsTests(ApiFixture fixture)
{
    private const int Admins = 8;

    [Fact] // FAULT-15, ONB-6
    public async Task Eight_admins_approve_at_once_and_the_person_is_let_in_once()
    {
        // All of them hold a connection while they wait, so this node has more than a small machine's pool.
        var connection = new NpgsqlConnectionStringBuilder(fixture.App.Database.ApplicationConnectionString) { MaxPoolSize = Admins + 8 };
        await using var node = new TestApp(
            fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Database:ConnectionString"] = connection.ConnectionString }, Nodes.WithoutJobs);
        node.StartServer();
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        var admins = new List<HttpClient>();
        for (var i = 1; i <= Admins; i++)
        {
            await organization.AddActiveAsync($"admin{i}", Roles.Admin);
            var admin = node.ClientFor(organization.Identifier);
            admin.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.TokensAsync($"admin{i}")).Access());
            admins.Add(admin);
        }

        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{id}' FOR UPDATE");
        var calls = admins.Select(admin => admin.PostAsJsonAsync($"/members/{id}/approve", new { })).ToList();
        await row.WaitForWaitersAsync(Admins);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(calls);

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        foreach (var loser in answers.Where(answer => answer.StatusCode != HttpStatusCode.OK))
        {
            Assert.Equal("member.already_decided", await loser.CodeAsync(HttpStatusCode.Conflict));
        }

        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE subject_id = '{id}' AND action = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("password_links"));
        Assert.Single(fixture.Smtp.For(organization.EmailOf("ada")));
    }
}
