using System.Globalization;
using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

[Collection(DeploymentCollection.Name)]
public sealed class MigrationCommandsTests(Deployment deployment)
{
    [Fact] // FAULT-17
    public async Task An_organization_whose_migration_fails_is_named_and_stops_nobody_else()
    {
        // Both are behind by everything; only in the sick one are tables in the way.
        var sick = await CreateAsync("sick");
        var well = await CreateAsync("well");
        await deployment.ExecuteAsync($"DROP SCHEMA {well} CASCADE; CREATE SCHEMA {well}; GRANT USAGE ON SCHEMA {well} TO {well}");
        await deployment.ExecuteAsync("UPDATE platform.organizations SET schema_version = 0, changed_at = clock_timestamp() WHERE identifier IN ('sick', 'well')");

        var run = await deployment.RunAsync("migrate --all --parallel 1");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("2 were behind: 1 are up to date now, 1 failed.", run.Output, StringComparison.Ordinal);

        var status = await deployment.RunAsync("migrations status");
        Assert.Equal(1, status.ExitCode);
        Assert.Contains("1 organizations are behind.", status.Output, StringComparison.Ordinal);
        Assert.Contains("sick: version 0, Active, quarantined: 42P07", status.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("well", status.Output, StringComparison.Ordinal);
        await RequireNodeNamesAsync("sick");

        // Once what was in the way is gone, a further run heals it.
        await deployment.ExecuteAsync($"DROP SCHEMA {sick} CASCADE; CREATE SCHEMA {sick}; GRANT USAGE ON SCHEMA {sick} TO {sick}");
        Assert.Contains("1 were behind: 1 are up to date now, 0 failed.", (await deployment.RunAsync("migrate --all")).Output, StringComparison.Ordinal);
        status = await deployment.RunAsync("migrations status");
        Assert.Equal(0, status.ExitCode);
        Assert.Contains("0 organizations are behind.", status.Output, StringComparison.Ordinal);
        Assert.Equal("healthy", (await ReadyAsync()).Status);
    }

    private async Task<string> CreateAsync(string identifier)
    {
        Assert.Equal(0, (await deployment.RunAsync(string.Create(CultureInfo.InvariantCulture, $"organizations create {identifier} --admin-email admin@{identifier}.test"))).ExitCode);
        await deployment.Smtp.WaitForAsync($"admin@{identifier}.test");
        return await deployment.ScalarAsync($"SELECT 'org_' || replace(id::text, '-', '') FROM platform.organizations WHERE identifier = '{identifier}'");
    }

    // Ready all the same: the others are served. The sick one is told to come back.
    private async Task RequireNodeNamesAsync(string identifier)
    {
        var ready = await ReadyAsync();
        Assert.Equal("degraded", ready.Status);
        Assert.EndsWith($": {identifier}", ready.Detail, StringComparison.Ordinal);
        using var client = deployment.Node.ClientFor(identifier);
        await Eventually.HoldsAsync(
            async () => await client.GetAsync("/me") is { StatusCode: HttpStatusCode.ServiceUnavailable } answer
                && await answer.CodeAsync(HttpStatusCode.ServiceUnavailable) == "tenant.migrating",
            "the node refuses what it cannot serve");
    }

    private async Task<(string Status, string? Detail)> ReadyAsync()
    {
        using var client = deployment.Node.ClientFor(null);
        var migrations = (await (await client.GetAsync("/health/ready")).OkAsync()).GetProperty("checks").GetProperty("migrations");
        return (migrations.GetProperty("status").GetString()!, migrations.GetProperty("detail").GetString());
    }
}
