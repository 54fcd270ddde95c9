using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Net;
using System.Net.Http.Json;
using Npgsql;
using Onboarding.Api.Development;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Whoever gets a dump of the database gets nothing with which to sign in, not even while mails wait to be sent.</summary>
public sealed class StolenDatabaseTests(ApiFixture fixture)
{
    [Fact] // SEC-9, SEC-15, SEC-18
    public async Task A_dump_holds_no_code_no_link_no_token_and_no_password()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        var email = organization.EmailOf("ada");
        using var admin = await organization.SignInAsync();

        // The mail server is in trouble, so both mails lie in the queue when the dump is made.
        smtp.Respond451();
        (await organization.RegisterAsync("ada")).EnsureSuccessStatusCode();
        var whileCodeWaits = await DumpWhileMailWaitsAsync(app, organization, "verification_code");
        smtp.Normal();
        var code = (await smtp.WaitForAsync(email)).Code;
        await (await organization.VerifyAsync(email, code)).OkAsync();

        smtp.Respond451();
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM members WHERE user_name = 'ada'"));
        await (await admin.PostAsJsonAsync($"/members/{id}/approve", new { })).OkAsync();
        var whileLinkWaits = await DumpWhileMailWaitsAsync(app, organization, "approved");
        smtp.Normal();
        var link = (await smtp.WaitForAsync(email, mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal))).Token();

        const string Chosen = "eleven brass lanterns swaying";
        await (await organization.SetPasswordAsync(link, Chosen)).OkAsync(HttpStatusCode.NoContent);
        var first = await (await organization.TryLoginAsync("ada", Chosen)).OkAsync();
        var second = await (await organization.RefreshAsync(first.Refresh())).OkAsync();
        smtp.Respond451();
        (await organization.ForgotPasswordAsync(email)).EnsureSuccessStatusCode();
        var whileResetWaits = await DumpWhileMailWaitsAsync(app, organization, "reset_password");
        smtp.Normal();
        var reset = (await smtp.WaitForAsync(email, mail => mail.Text.Contains("/reset-password/", StringComparison.Ordinal))).Token();
        var atTheEnd = await DumpAsync(app);

        foreach (var dump in new[] { whileCodeWaits, whileLinkWaits, whileResetWaits, atTheEnd })
        {
            Assert.Contains(email, dump, StringComparison.Ordinal);
            Assert.DoesNotMatch($"(?<![0-9a-f.:]){code}(?![0-9a-f])", dump);
            foreach (var secret in new[] { link, reset, Chosen, first.Refresh(), second.Refresh(), first.Access(), second.Access(), TestOrganization.Password })
            {
                foreach (var form in new[] { secret, secret[3..], Hex(Encoding.UTF8.GetBytes(secret)), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)) })
                {
                    Assert.DoesNotContain(form, dump, StringComparison.OrdinalIgnoreCase);
                }
            }

            // A million codes are hashed in a second, so their hash has to be keyed.
            Assert.DoesNotContain(Hex(Encoding.UTF8.GetBytes(code)), dump, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Hex(SHA256.HashData(Encoding.UTF8.GetBytes(code))), dump, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static async Task<string> DumpWhileMailWaitsAsync(TestApp app, TestOrganization organization, string template)
    {
        await Eventually.HoldsAsync(
            async () => await organization.CountAsync($"emails WHERE template = '{template}' AND status = 'queued' AND content IS NOT NULL AND last_error IS NOT NULL") == 1,
            "the mail was tried and waits");
        var dump = await DumpAsync(app);
        Assert.Matches(new Regex($@"\t{template}\t\\\\x[0-9a-f]+\tqueued\t"), dump);
        return dump;
    }

    private static async Task<string> DumpAsync(TestApp app)
    {
        var binaries = await PostgresBinaries.FindAsync(clusterVersion: null, CancellationToken.None);
        var server = new NpgsqlConnectionStringBuilder(app.Database.OwnerConnectionString);
        var url = $"postgresql://{Uri.EscapeDataString(server.Username!)}:{Uri.EscapeDataString(server.Password ?? "")}@/{server.Database}?host={Uri.EscapeDataString(server.Host!)}&port={server.Port}";
        var program = Path.Combine(Path.GetDirectoryName(binaries.Postgres)!, OperatingSystem.IsWindows() ? "pg_dump.exe" : "pg_dump");
        var (exitCode, output) = await Command.RunAsync([program, "--data-only", url], Path.GetTempPath(), CancellationToken.None);
        Assert.True(exitCode == 0, output);
        return output;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
