using Onboarding.Api.CommandLine;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>What somebody at the command line writes is read by others, as what comes over HTTP is (SEC-45).</summary>
public sealed class WrittenByOperatorsTests(ApiFixture fixture)
{
    [Theory] // SEC-37, SEC-45
    [InlineData("Ticket 4711 \u202Ednuof")]
    [InlineData("Ticket 4711\u0007")]
    [InlineData("Ticket 4711\u001b[2J")]
    [InlineData("\u200B\u3164\u2060")]
    [InlineData("")]
    public async Task A_reason_or_a_name_that_nobody_can_read_is_refused(string text)
    {
        var organization = await fixture.OrganizationAsync();
        var (archive, _) = await organization.ExportAsync();
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (file, other) = (Path.Combine(folder.FullName, "archive.zip"), Path.Combine(folder.FullName, "other.zip"));
            await File.WriteAllBytesAsync(file, archive);
            var lines = await TellsAsync();

            Assert.Equal(1, await RunAsync("suspend", organization.Identifier, "--reason", text));
            Assert.Equal(1, await RunAsync("export", organization.Identifier, other, "--reason", text));
            Assert.Equal(1, await RunAsync("import", file, LeavingSteps.NewIdentifier(), "--name", text));
            Assert.Equal(1, await RunAsync("create", LeavingSteps.NewIdentifier(), "--admin-email", "ada@x.test", "--name", text));
            Assert.Equal(1, await RunAsync("create", LeavingSteps.NewIdentifier(), "--admin-email", "ada@x.test", "--admin-name", text));
            Assert.Equal([file], Directory.GetFiles(folder.FullName));
            Assert.Equal(lines, await TellsAsync());

            Assert.Equal(0, await RunAsync("suspend", organization.Identifier, "--reason", "Ticket 4711: not paid."));
            Assert.Equal(1, await RunAsync("reactivate", organization.Identifier, "--reason", text));
            Assert.Equal(["suspended"], await organization.QueryAsync<string>($"SELECT status FROM platform.organizations WHERE id = '{organization.Organization.Id}'"));
            Assert.Equal(0, await RunAsync("import", file, LeavingSteps.NewIdentifier(), "--name", "Ada & \u4E8C\u53F7"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        Task<int> RunAsync(params string[] line) => OrganizationCommands.Create(fixture.App.Services).Parse(line).InvokeAsync();
        Task<long> TellsAsync() => organization.CountAsync($"platform.audit_log WHERE organization_id = '{organization.Organization.Id}'");
    }
}
