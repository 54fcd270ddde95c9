using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Tests.Features.SignUps;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A node dies somewhere between a proven address and the founder's mail: what was answered, or begun, is finished by another one.</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class KilledFoundingTests(Nodes nodes)
{
    private readonly string identifier = SignUpSteps.NewIdentifier();

    private string Email => $"ada@{identifier}.test";

    private TestDatabase Database => nodes.Quiet.Database;

    [Fact] // FAULT-2
    public async Task Killed_before_the_schema_is_there_it_is_made_by_another_node()
    {
        var node = await nodes.NodeAsync();
        var (bare, code) = await AskAsync(node);
        await using (var schemas = await RowLock.HoldAsync(await nodes.OrganizationAsync(), "LOCK TABLE pg_namespace IN SHARE MODE"))
        {
            var answer = bare.VerifyAsync(identifier, Email, code);
            await schemas.WaitForWaitersAsync(1);
            Assert.Equal("provisioning", await StatusAsync());
            await node.KillAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer);

            // Its session does not know yet that nobody listens, and would go on by itself.
            await Database.QueryAsync<bool>($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {schemas.ProcessId} = ANY (pg_blocking_pids(pid))");
            await schemas.ReleaseAsync();
        }

        Assert.Equal("provisioning", await StatusAsync());
        await RequireFinishedAsync(code);
    }

    [Fact] // FAULT-2
    public async Task Killed_between_the_schema_and_the_founder_the_founder_is_added_by_another_node()
    {
        var node = await nodes.NodeAsync();
        var (bare, code) = await AskAsync(node);
        var any = await nodes.OrganizationAsync();
        await using (var schemas = await RowLock.HoldAsync(any, "LOCK TABLE pg_namespace IN SHARE MODE"))
        {
            var answer = bare.VerifyAsync(identifier, Email, code);
            await schemas.WaitForWaitersAsync(1);

            // The founder's event needs a pointer, and its commit the end of this.
            await using var pointers = await RowLock.HoldAsync(any, "LOCK TABLE platform.work IN SHARE MODE");
            await schemas.ReleaseAsync();
            await Eventually.HoldsAsync(async () => await Database.QueryAsync<int>($"SELECT schema_version FROM platform.organizations WHERE identifier = '{identifier}'") is not [0], "the schema is there");
            await node.KillAsync();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer);
            await pointers.ReleaseAsync();
        }

        // Whoever came before the founder would have nobody to let them in, and no migration lets them come.
        await nodes.Quiet.Services.GetRequiredService<MigrateOrganizations>().RunAsync(parallel: 1, progress: null, CancellationToken.None);
        using (var host = nodes.Quiet.ClientFor(identifier))
        {
            var early = await host.PostAsJsonAsync("/register", new { username = "eve", email = $"eve@{identifier}.test", full_name = "Eve" });
            Assert.Equal("tenant.provisioning", await early.CodeAsync(HttpStatusCode.ServiceUnavailable));
        }

        await RequireFinishedAsync(code);
    }

    [Fact] // SEC-4: only some nodes know the owner's password
    public async Task A_node_without_the_owners_login_registers_and_leaves_the_rest_to_one_that_has_it()
    {
        await nodes.KillAsync();
        await using var poor = await ApiProcess.StartAsync(Database, nodes.Smtp, new Dictionary<string, string?> { ["Database:OwnerConnectionString"] = "" });
        var (bare, code) = await AskAsync(poor);
        Assert.Equal("provisioning", (await (await bare.VerifyAsync(identifier, Email, code)).OkAsync()).GetProperty("status").GetString());
        Assert.Equal("provisioning", (await (await bare.VerifyAsync(identifier, Email, code)).OkAsync()).GetProperty("status").GetString());
        Assert.Equal("provisioning", (await (await bare.LookUpAsync(identifier)).OkAsync()).GetProperty("status").GetString());
        using var host = poor.ClientFor(identifier);
        Assert.Equal("tenant.provisioning", await (await host.GetAsync("/me")).CodeAsync(HttpStatusCode.ServiceUnavailable));

        // Another mail has been through the queues since, so they were looked at.
        await bare.CodeForAsync(nodes.Smtp, $"{identifier}-b", $"eve@{identifier}.test");
        Assert.Equal(["0 due"], await Database.QueryAsync<string>($"SELECT w.attempt || CASE WHEN w.due_at <= now() THEN ' due' ELSE '' END FROM platform.work w JOIN platform.organizations o ON o.id = w.organization_id WHERE o.identifier = '{identifier}'"));

        await nodes.NodeAsync();
        await Eventually.HoldsAsync(async () => (await (await bare.LookUpAsync(identifier)).OkAsync()).GetProperty("status").GetString() == "active", "the other node has set it up");
        Assert.Equal("active", (await (await bare.VerifyAsync(identifier, Email, code)).OkAsync()).GetProperty("status").GetString());
        await SignUpSteps.FounderSignsInAsync(host, nodes.Smtp, Email);
    }

    [Fact] // FAULT-2, SEC-9
    public async Task A_code_whose_mail_was_being_sent_is_sent_once_after_the_restart()
    {
        var node = await nodes.NodeAsync();
        nodes.Smtp.Hang();
        var connections = nodes.Smtp.ConnectionCount;
        await nodes.Smtp.DropConnectionsAsync();
        using (var bare = node.ClientFor(null))
        {
            await (await bare.CreateAsync(identifier, Email)).OkAsync(HttpStatusCode.Accepted);
        }

        await Eventually.HoldsAsync(() => Task.FromResult(nodes.Smtp.ConnectionCount > connections), "the mail is being sent");
        await node.KillAsync();
        nodes.Smtp.Normal();
        await Database.QueryAsync<int>("UPDATE platform.emails SET due_at = now() - interval '1 second' RETURNING 1");
        var next = await nodes.NodeAsync();
        var mail = await nodes.Smtp.WaitForAsync(Email);
        await Eventually.HoldsAsync(async () => (await Database.QueryAsync<long>("SELECT count(*) FROM platform.emails"))[0] == 0, "nothing waits");
        Assert.Single(nodes.Smtp.For(Email));
        using var again = next.ClientFor(null);
        await (await again.VerifyAsync(identifier, Email, mail.Code)).OkAsync();
    }

    private async Task<(HttpClient Bare, string Code)> AskAsync(ApiProcess node)
    {
        var bare = node.ClientFor(null);
        return (bare, await bare.CodeForAsync(nodes.Smtp, identifier, Email));
    }

    private async Task<string> StatusAsync() => Assert.Single(await Database.QueryAsync<string>($"SELECT status FROM platform.organizations WHERE identifier = '{identifier}'"));

    /// <summary>The head start of the dead node ends; then there is one organization with one admin, who gets one mail, and the lost answer can be had.</summary>
    private async Task RequireFinishedAsync(string code)
    {
        await Database.QueryAsync<int>("UPDATE platform.work SET due_at = now() - interval '1 second' WHERE kind = 'found' RETURNING 1");
        var node = await nodes.NodeAsync();
        using var bare = node.ClientFor(null);
        await Eventually.HoldsAsync(async () => await StatusAsync() == "active", "it is set up");
        Assert.Equal("active", (await (await bare.VerifyAsync(identifier, Email, code)).OkAsync()).GetProperty("status").GetString());
        using var host = node.ClientFor(identifier);
        await SignUpSteps.FounderSignsInAsync(host, nodes.Smtp, Email);
        var schema = Assert.Single(await Database.QueryAsync<string>($"SELECT 'org_' || replace(id::text, '-', '') FROM platform.organizations WHERE identifier = '{identifier}'"));
        Assert.Equal(["admin"], await Database.QueryAsync<string>($"SELECT role FROM {schema}.members"));
        Assert.Single(nodes.Smtp.For(Email), mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal));
        await Eventually.HoldsAsync(async () => (await Database.QueryAsync<long>("SELECT count(*) FROM platform.work WHERE kind = 'found'"))[0] == 0, "no pointer is left");
    }
}
