using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Operations;

[Collection(DeploymentCollection.Name)]
public sealed class OrganizationCommandsTests(Deployment deployment)
{
    private const string Password = "four quiet herons at dusk";

    [Fact] // SEC-7
    public async Task An_organization_is_created_governed_and_deleted_from_the_command_line()
    {
        await RequireAsync("organizations create wayne --name Wayne --admin-email bruce@wayne.test", 0, "wayne serves");
        using var client = deployment.Node.ClientFor("wayne");
        await FounderSignsInAsync(client);
        await RequireAsync("organizations create wayne --admin-email joker@wayne.test", 1, "exists already");
        await RequireAsync("organizations list", 0, "wayne");

        await RequireAsync("organizations suspend wayne", 0, "suspended");
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/members")) is { StatusCode: HttpStatusCode.Forbidden } refused && await refused.CodeAsync(HttpStatusCode.Forbidden) == "tenant.suspended", "the node answers tenant.suspended");
        await RequireAsync("organizations suspend wayne", 1, "does not allow this");

        await RequireAsync("organizations reactivate wayne", 0, "active");
        await Eventually.HoldsAsync(async () => (await client.GetAsync("/members")).StatusCode == HttpStatusCode.Unauthorized, "it serves again");

        await RequireAsync("organizations delete wayne", 1, "--yes");
        var schema = await deployment.ScalarAsync("SELECT 'org_' || replace(id::text, '-', '') FROM platform.organizations WHERE identifier = 'wayne'");
        await RequireAsync("organizations delete wayne --yes --now", 0, "gone");
        await AnswersAsync(client, HttpStatusCode.NotFound, "tenant.not_found");
        Assert.Equal("0", await deployment.ScalarAsync($"SELECT ((SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}') + (SELECT count(*) FROM pg_roles WHERE rolname = '{schema}'))::text"));
    }

    [Theory]
    [InlineData("organizations create Wayne --admin-email bruce@wayne.test", "a-z")]
    [InlineData("organizations create admin --admin-email bruce@wayne.test", "reserved")]
    [InlineData("organizations suspend nobody", "no such organization")]
    [InlineData("organizations create wayne", "--admin-email")]
    [InlineData("migrate --all --parallel 0", "1 to 64")]
    public async Task What_cannot_be_done_ends_with_1_and_a_sentence(string command, string sentence) => await RequireAsync(command, 1, sentence);

    [Fact]
    public async Task A_super_admin_is_created_once_with_a_password_from_standard_input()
    {
        Assert.Equal(1, (await deployment.RunAsync("super-admin create root", "short\n")).ExitCode);
        Assert.Equal(1, (await deployment.RunAsync("super-admin create root", "")).ExitCode);
        var created = await deployment.RunAsync("super-admin create root", $"{Password}\n");
        Assert.Equal((0, "Created."), (created.ExitCode, created.Output.Split('\n')[0].Trim()));
        await SignsInWithAppAsync(created.Output);
        var again = await deployment.RunAsync("super-admin create root", $"{Password}\n");
        Assert.Equal((1, "", "There is a super admin of that name already."), (again.ExitCode, again.Output.Trim(), again.Error.Trim()));
        Assert.DoesNotContain(Password, await deployment.ScalarAsync("SELECT string_agg(s::text, '') FROM platform.super_admins s"), StringComparison.Ordinal);
    }

    private async Task RequireAsync(string command, int exitCode, string says)
    {
        var result = await deployment.RunAsync(command);
        Assert.Equal((command, exitCode), (command, result.ExitCode));
        Assert.Contains(says, exitCode == 0 ? result.Output : result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Output + result.Error, StringComparison.Ordinal);
    }

    private async Task FounderSignsInAsync(HttpClient client)
    {
        var mail = await deployment.Smtp.WaitForAsync("bruce@wayne.test");
        await (await client.PostAsJsonAsync($"/set-password/{mail.Token()}", new { password = Password })).OkAsync(HttpStatusCode.NoContent);
        await (await LoginAsync(client)).OkAsync();
    }

    private static Task<HttpResponseMessage> LoginAsync(HttpClient client) =>
        client.PostAsJsonAsync("/login", new { username = "admin", password = Password });

    // The running node hears of it.
    // SEC-37: in Production nobody gets in without a second factor, and another one takes the place of the first.
    private async Task SignsInWithAppAsync(string printed)
    {
        var code = await Oathtool.CodeAsync(SecretIn(printed));
        using var client = deployment.Node.ClientFor(null);
        Assert.Equal("mfa.code_required", await (await LoginAsync(null)).CodeAsync(HttpStatusCode.Unauthorized));
        var token = (await (await LoginAsync(code)).OkAsync()).Access();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        await (await client.GetAsync("/platform/organizations")).OkAsync();

        var reset = await deployment.RunAsync("super-admin reset-mfa root");
        Assert.Equal("token.invalid", await (await client.GetAsync("/platform/organizations")).CodeAsync(HttpStatusCode.Unauthorized));
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await (await LoginAsync(await Oathtool.CodeAsync(SecretIn(reset.Output)))).OkAsync()).Access());
        Assert.Equal(1, (await deployment.RunAsync("super-admin set-password root", "short\n")).ExitCode);
        Assert.Equal(1, (await deployment.RunAsync("super-admin set-password nobody", $"{Password}\n")).ExitCode);
        await (await client.GetAsync("/platform/organizations")).OkAsync();
        Assert.Equal(0, (await deployment.RunAsync("super-admin set-password root", "seven brass bells by dusk\n")).ExitCode);
        Assert.Equal("token.invalid", await (await client.GetAsync("/platform/organizations")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("login.invalid", await (await LoginAsync(null)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(0, (await deployment.RunAsync("super-admin set-password root", $"{Password}\n")).ExitCode);
        await deployment.ExecuteAsync("UPDATE platform.super_admins SET protected_seed = NULL");
        Assert.Equal("mfa.setup_required", await (await LoginAsync(null)).CodeAsync(HttpStatusCode.Forbidden));
        await RequireAsync("super-admin list", 0, "no second factor");

        Task<HttpResponseMessage> LoginAsync(string? code) => client.PostAsJsonAsync("/platform/login", new { username = "root", password = Password, code });
    }

    private static string SecretIn(string printed) => printed[(printed.IndexOf("secret=", StringComparison.Ordinal) + 7)..].Split('&')[0].Trim();

    private static Task AnswersAsync(HttpClient client, HttpStatusCode status, string code) => Eventually.HoldsAsync(
        async () => await LoginAsync(client) is var answer && answer.StatusCode == status && await answer.CodeAsync(status) == code,
        $"the node answers {code}");
}
