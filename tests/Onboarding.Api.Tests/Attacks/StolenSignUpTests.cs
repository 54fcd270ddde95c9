using System.Net;
using System.Security.Cryptography;
using System.Text;
using Onboarding.Api.Tests.Features.SignUps;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Whoever gets a dump of the database founds no organization with it.</summary>
public sealed class StolenSignUpTests(ApiFixture fixture)
{
    [Fact] // SEC-9
    public async Task A_dump_holds_no_code_of_a_sign_up_while_its_mail_waits_or_later()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        using var bare = app.ClientFor(null);
        smtp.Respond451();
        await (await bare.CreateAsync("strangers", "ada@strangers.test")).OkAsync(HttpStatusCode.Accepted);
        await Eventually.HoldsAsync(async () => (await app.Database.QueryAsync<long>("SELECT count(*) FROM platform.emails WHERE attempt > 0 AND claim_id IS NULL"))[0] == 1, "the mail was tried and waits");
        var waiting = await StolenDatabaseTests.DumpAsync(app);
        smtp.Normal();
        var code = (await smtp.WaitForAsync("ada@strangers.test")).Code;
        await (await bare.VerifyAsync("strangers", "ada@strangers.test", code)).OkAsync();

        Assert.Matches(@"\torganization_code\t\\\\x[0-9a-f]+\t", waiting);
        foreach (var dump in new[] { waiting, await StolenDatabaseTests.DumpAsync(app) })
        {
            Assert.Contains("ada@strangers.test", dump, StringComparison.Ordinal);
            Assert.DoesNotMatch($"(?<![0-9a-f.:]){code}(?![0-9a-f])", dump);
            Assert.DoesNotContain(StolenDatabaseTests.Hex(Encoding.UTF8.GetBytes(code)), dump, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(StolenDatabaseTests.Hex(SHA256.HashData(Encoding.UTF8.GetBytes(code))), dump, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain(app.Logs.Lines, line => line.Contains(code, StringComparison.Ordinal) || line.Contains("ada@strangers.test", StringComparison.Ordinal));
    }
}
