using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>The answer to a COMMIT is lost. What became of it is looked up, never guessed and never blindly repeated.</summary>
public sealed class CommitInDoubtTests(ApiFixture fixture)
{
    [Theory] // FAULT-5
    [InlineData(CommitFate.CutAfter)]
    [InlineData(CommitFate.ShutdownAfter)]
    public async Task A_commit_that_took_place_is_reported_and_not_repeated(CommitFate fate)
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        Assert.Equal(1, await ApproveAsync(proxy, fate));
    }

    [Theory] // FAULT-5, FAULT-4
    [InlineData(CommitFate.CutBefore)]
    [InlineData(CommitFate.ShutdownBefore)]
    public async Task A_commit_that_did_not_take_place_is_repeated_once(CommitFate fate)
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        Assert.Equal(2, await ApproveAsync(proxy, fate));
    }

    [Fact] // FAULT-5
    public async Task Where_nobody_can_be_asked_neither_success_nor_failure_is_claimed()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var node = Behind(proxy, clock);
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await AdminAsync(node, organization);

        var lost = proxy.OnCommitOf("the note", CommitFate.SilenceAfter);
        var answer = admin.PostAsJsonAsync($"/members/{id}/approve", new { note = "the note" });
        await lost;
        proxy.Down();
        await Eventually.HoldsAsync(
            async () =>
            {
                // Each look that fails is followed by a pause on this clock. The row paces the loop.
                clock.Advance(TimeSpan.FromMilliseconds(100));
                return await organization.CountAsync("members WHERE user_name = 'ada'") == 1 && answer.IsCompleted;
            },
            "the node gives up looking");

        Assert.Equal("server.unavailable", await (await answer).CodeAsync(HttpStatusCode.ServiceUnavailable));
        Assert.NotNull((await answer).Headers.RetryAfter?.Delta);
        Assert.Equal(1, proxy.Marked);

        proxy.Up();
        Assert.Equal("member.already_decided", await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).CodeAsync(HttpStatusCode.Conflict));
        await RequireOneApprovalAsync(organization, id);
    }

    /// <summary>Approves somebody, which has to succeed whatever becomes of the COMMIT; returns how many transactions tried to.</summary>
    private async Task<int> ApproveAsync(PostgresProxy proxy, CommitFate fate)
    {
        await using var node = Behind(proxy, TimeProvider.System);
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await AdminAsync(node, organization);

        var lost = proxy.OnCommitOf("the note", fate);
        var answer = await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { note = "the note" })).OkAsync();

        Assert.True(lost.IsCompleted);
        Assert.Equal("approved", answer.GetProperty("status").GetString());
        await RequireOneApprovalAsync(organization, id);
        return proxy.Marked;
    }

    private TestApp Behind(PostgresProxy proxy, TimeProvider clock)
    {
        var settings = new Dictionary<string, string?> { ["Database:ConnectionString"] = proxy.ConnectionString };
        var node = new TestApp(fixture.App.Database, fixture.Smtp, settings, services =>
        {
            Nodes.WithoutJobs(services);
            services.AddSingleton(clock);
        });
        node.StartServer();
        return node;
    }

    private static async Task<HttpClient> AdminAsync(TestApp node, TestOrganization organization)
    {
        var admin = node.ClientFor(organization.Identifier);
        admin.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.TokensAsync("admin")).Access());

        // What a node reads once, it has read.
        await (await admin.GetAsync("/me")).OkAsync();
        return admin;
    }

    private async Task RequireOneApprovalAsync(TestOrganization organization, Guid id)
    {
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE subject_id = '{id}' AND action = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
        Assert.Single(fixture.Smtp.For(organization.EmailOf("ada")));
    }
}
