using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Api.SignIn;
using Onboarding.Api.Tests.Features.Domains;
using Onboarding.Api.Tests.Features.Leaving;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Api.Tests.Features.SignUps;
using Onboarding.Testing;
using OtpNet;

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

    [Theory] // FAULT-5
    [InlineData(CommitFate.CutAfter, 1)]
    [InlineData(CommitFate.ShutdownAfter, 1)]
    [InlineData(CommitFate.CutBefore, 2)]
    [InlineData(CommitFate.ShutdownBefore, 2)]
    public async Task A_suspension_is_reported_and_told_once_whatever_becomes_of_its_commit(CommitFate fate, int tries)
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = Behind(proxy, TimeProvider.System);
        var organization = await fixture.OrganizationAsync();
        using var superAdmin = await SuperAdminAsync(node);

        var lost = proxy.OnCommitOf("Three invoices are open.", fate);
        var answer = await (await superAdmin.SuspendAsync(organization)).OkAsync();

        Assert.True(lost.IsCompleted);
        Assert.Equal(("suspended", tries), (answer.GetProperty("organization").GetProperty("status").GetString(), proxy.Marked));
        Assert.Single(await superAdmin.AuditAsync(organization));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'organization.suspended'"));
    }

    [Theory] // FAULT-5, SEC-7
    [InlineData(CommitFate.CutAfter)]
    [InlineData(CommitFate.ShutdownAfter)]
    [InlineData(CommitFate.CutBefore)]
    public async Task An_import_says_what_became_of_it(CommitFate fate)
    {
        var (archive, _) = await (await fixture.OrganizationAsync()).ExportAsync();
        var identifier = LeavingSteps.NewIdentifier();
        await using var proxy = PostgresProxy.Start(fixture.App.Database.OwnerConnectionString);
        await using var node = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Database:OwnerConnectionString"] = proxy.ConnectionString });

        var lost = proxy.OnCommitOf(identifier, fate);
        var import = node.ImportAsync(archive, identifier);

        if (fate == CommitFate.CutBefore)
        {
            await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => import);
        }
        else
        {
            Assert.Equal(identifier, (await import).Organization.Identifier);
        }

        Assert.True(lost.IsCompleted);
        Assert.Equal(fate == CommitFate.CutBefore ? 0 : 1, (await fixture.App.Database.QueryAsync<long>($"SELECT count(*) FROM platform.organizations WHERE identifier = '{identifier}'"))[0]);
    }

    [Fact] // FAULT-5: one statement alone
    public async Task An_organization_is_entered_although_the_answer_to_the_commit_is_lost()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = Behind(proxy, TimeProvider.System);
        var organization = await fixture.OrganizationAsync();
        using var superAdmin = await SuperAdminAsync(node);

        var lost = proxy.OnCommitOf("Ticket 4711", CommitFate.CutAfter);
        await (await superAdmin.EnterAsync(organization)).OkAsync();

        Assert.True(lost.IsCompleted);
        Assert.Single(await superAdmin.AuditAsync(organization));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'organization.entered'"));
    }

    [Fact] // FAULT-5, SEC-27: tried again, the code would be used up
    public async Task A_super_admin_is_signed_in_although_the_answer_to_the_commit_is_lost()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = Behind(proxy, TimeProvider.System);
        (await SuperAdminAsync(node)).Dispose();
        var (seed, seeds) = (TotpSeeds.New(), node.Services.GetRequiredService<TotpSeeds>());
        var one = await Operator.CreateAsync(node, admin => admin.SetUpSeed(seeds.Protect(seed, admin)));

        var lost = proxy.OnCommitOf("sign_in.succeeded", CommitFate.CutAfter);
        using var signedIn = Operator.WithToken(node, await one.TokenAsync(new Totp(seed).ComputeTotp(TimeProvider.System.GetUtcNow().UtcDateTime)));

        Assert.True(lost.IsCompleted);
        await (await signedIn.GetAsync("/platform/me")).OkAsync();
        Assert.Equal([1L], await fixture.App.Database.QueryAsync<long>($"SELECT count(*) FROM platform.super_admin_sessions WHERE super_admin_id = '{one.Id}'"));
    }

    [Fact] // FAULT-5
    public async Task An_organization_is_founded_although_the_answer_to_the_commit_is_lost()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = Behind(proxy, TimeProvider.System);
        using var superAdmin = await SuperAdminAsync(node);
        var identifier = SignUpSteps.NewIdentifier();

        var lost = proxy.OnCommitOf(identifier, CommitFate.CutAfter);
        await (await superAdmin.PostAsJsonAsync("/platform/organizations", new { name = "Founded", identifier, username = "ada", email = $"ada@{identifier}.test", full_name = "Ada" })).OkAsync(HttpStatusCode.Created);

        Assert.True(lost.IsCompleted);
        Assert.Equal([1L], await fixture.App.Database.QueryAsync<long>($"SELECT count(*) FROM platform.audit_log WHERE action = 'organization.added' AND note = '{identifier}'"));
    }

    [Fact] // FAULT-5: the witness is a row of the organization's schema
    public async Task A_domain_is_added_although_the_answer_to_the_commit_is_lost()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = Behind(proxy, TimeProvider.System);
        var organization = await fixture.OrganizationAsync();
        using var admin = await AdminAsync(node, organization);
        var domain = DomainSteps.NewDomain();

        var lost = proxy.OnCommitOf(domain, CommitFate.CutAfter);
        await (await admin.AddDomainAsync(domain)).OkAsync(HttpStatusCode.Created);

        Assert.True(lost.IsCompleted);
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'organization.domain_added'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'organization.domain_added'"));
    }

    [Fact] // FAULT-5, SEC-24: no row is added, so it is done again; the other node hears of it whichever of the two it was
    public async Task Settings_are_published_although_the_answer_to_the_commit_is_lost()
    {
        await using var proxy = PostgresProxy.Start(fixture.App.Database.ApplicationConnectionString);
        await using var node = Behind(proxy, TimeProvider.System);
        var organization = await fixture.OrganizationAsync();
        using var admin = await AdminAsync(node, organization);
        using var elsewhere = await AdminAsync(fixture.App, organization);

        // By the read: the event may have been faster with the change, through a product without this proxy.
        var lost = proxy.OnCommitOf("SELECT * FROM platform.organizations WHERE id", CommitFate.CutAfter);
        await (await admin.PatchAsJsonAsync("/organization", new { name = "Renamed" })).OkAsync();

        Assert.True(lost.IsCompleted);
        await Eventually.HoldsAsync(
            async () => (await (await elsewhere.GetAsync("/me")).OkAsync()).GetProperty("organization").GetProperty("name").GetString() == "Renamed", "the other node knows the name", Eventually.Soon);
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

    private static async Task<HttpClient> SuperAdminAsync(TestApp node)
    {
        var superAdmin = await Operator.SignInAsync(node);
        await (await superAdmin.GetAsync("/platform/me")).OkAsync();
        return superAdmin;
    }

    private async Task RequireOneApprovalAsync(TestOrganization organization, Guid id)
    {
        await organization.SettledAsync();
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE subject_id = '{id}' AND action = 'member.approved'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.approved'"));
        Assert.Single(fixture.Smtp.For(organization.EmailOf("ada")));
    }
}
