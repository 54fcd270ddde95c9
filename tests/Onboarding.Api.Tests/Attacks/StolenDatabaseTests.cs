using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Api.Development;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;
using Onboarding.Webhooks.Endpoints;

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

    [Fact] // SEC-28
    public async Task A_dump_holds_no_seed_no_recovery_code_and_nothing_that_stands_in_for_a_second_factor()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var user = await organization.SignInAsync("user");
        var secret = await user.SetUpTotpAsync();
        var beforeConfirming = await DumpAsync(app);
        var authenticator = new Authenticator(organization, secret, []);
        var codes = (await (await user.ConfirmTotpAsync(authenticator.Code())).OkAsync()).Codes();
        var finished = await organization.MfaTokenAsync("user");
        var tokens = await (await organization.FinishLoginAsync(finished, await authenticator.NewCodeAsync(), rememberDevice: true)).OkAsync();
        await (await organization.LoginWithAsync("user", codes[0])).OkAsync();
        var open = await organization.MfaTokenAsync("user");
        var atTheEnd = await DumpAsync(app);

        // The rows are in the dump, so their contents would be.
        Assert.Equal(10, await organization.CountAsync("recovery_codes"));
        Assert.Contains(Hex(Assert.Single(await organization.QueryAsync<byte[]>("SELECT protected_seed FROM totp"))), atTheEnd, StringComparison.Ordinal);
        var seed = OtpNet.Base32Encoding.ToBytes(secret);
        var secrets = new[] { secret, Hex(seed), Convert.ToBase64String(seed).TrimEnd('='), finished, open, tokens.GetProperty("device_token").GetString()! }
            .Concat(codes).Concat(codes.Select(code => code.Replace("-", "", StringComparison.Ordinal)));
        foreach (var dump in new[] { beforeConfirming, atTheEnd })
        {
            foreach (var text in secrets)
            {
                // Fifty bits are guessed from a plain hash, so theirs have to be keyed.
                foreach (var form in new[] { text, Hex(Encoding.UTF8.GetBytes(text)), Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) }
                    .Concat(codes.Contains(text) || text.Length == 10 ? [Hex(SHA256.HashData(Encoding.UTF8.GetBytes(text)))] : []))
                {
                    Assert.DoesNotContain(form, dump, StringComparison.OrdinalIgnoreCase);
                }
            }
        }
    }

    [Fact] // HOOK-5, SEC-34, SEC-40
    public async Task A_dump_holds_no_api_key_no_webhook_secret_and_no_header_value()
    {
        await using var receiver = await TestReceiver.StartAsync();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        string[] types = ["*"];
        string[] scopes = ["members:approve"];
        var secrets = new List<string> { "of-the-receiver-alone" };
        var created = await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = types, headers = new { authorization = "Bearer of-the-receiver-alone" } })).OkAsync(HttpStatusCode.Created);
        secrets.Add(created.GetProperty("secret").GetString()!);
        var endpoint = created.GetProperty("endpoint").GetProperty("id").GetGuid();
        secrets.Add((await (await admin.PostAsJsonAsync($"/webhooks/endpoints/{endpoint}/rotate-secret", new { })).OkAsync()).GetProperty("secret").GetString()!);
        secrets.Add((await (await admin.PostAsJsonAsync("/api-keys", new { name = "CI", scopes })).OkAsync(HttpStatusCode.Created)).GetProperty("key").GetString()!);
        var pair = (await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = types, signature = "v1a" })).OkAsync(HttpStatusCode.Created)).GetProperty("endpoint").GetProperty("id").GetGuid();
        var stored = await organization.RunAsync(db => db.WebhookEndpoints.Where(e => e.Id == pair).Select(e => e.Secrets).SingleAsync());
        secrets.Add(Assert.Single(app.Services.GetRequiredService<EndpointSecrets>().Unprotect(stored, organization.Organization.Key)).Secret);
        Assert.StartsWith("whsk_", secrets[^1], StringComparison.Ordinal);
        await organization.SettledAsync();
        Assert.Contains(receiver.Requests, request => request.Headers.GetValueOrDefault("authorization") == "Bearer of-the-receiver-alone");

        var dump = await DumpAsync(app);
        Assert.Contains(receiver.Url.ToString(), dump, StringComparison.Ordinal);
        foreach (var secret in secrets)
        {
            var bare = secret[(secret.IndexOf('_', StringComparison.Ordinal) + 1)..];
            foreach (var form in new[] { secret, bare, Hex(Encoding.UTF8.GetBytes(secret)), Hex(Encoding.UTF8.GetBytes(bare)), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)) }
                .Concat(secret.StartsWith("whs", StringComparison.Ordinal) ? [Hex(Convert.FromBase64String(bare)), Hex(Convert.FromBase64String(bare)[..24])] : []))
            {
                Assert.DoesNotContain(form, dump, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    [Fact] // SEC-34
    public async Task A_dump_and_the_log_hold_no_API_key_rotated_or_not()
    {
        await using var smtp = TestSmtpServer.Start();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var first = await admin.CreateKeyAsync(Permissions.ReadMembers);
        IssuedKey[] keys = [first, await admin.RotateKeyAsync(first.Id), await admin.CreateOwnKeyAsync(Permissions.ReadMembers)];
        foreach (var key in keys)
        {
            await organization.RequireGoodAsync(key);
        }

        var dump = await DumpAsync(app);
        foreach (var key in keys)
        {
            // What is there instead: of 190 random bits a plain hash gives nothing away.
            Assert.Contains(Hex(SHA256.HashData(Encoding.UTF8.GetBytes(key.Key))), dump, StringComparison.Ordinal);
            foreach (var text in new[] { key.Key, key.Key[30..62] })
            {
                foreach (var form in new[] { text, Hex(Encoding.UTF8.GetBytes(text)), Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=') })
                {
                    Assert.DoesNotContain(form, dump, StringComparison.OrdinalIgnoreCase);
                }
            }

            Assert.DoesNotContain(app.Logs.Lines, line => line.Contains(key.Key[30..62], StringComparison.Ordinal));
        }
    }

    [Fact] // SEC-28: a row that is copied to another member or another organization opens for nobody
    public async Task A_seed_that_is_moved_to_another_row_is_good_for_nothing()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var own = await a.EnableMfaAsync("user");
        await a.EnableMfaAsync("admin");
        await b.EnableMfaAsync("user");
        var stolen = Hex(Assert.Single(await a.QueryAsync<byte[]>($"SELECT protected_seed FROM totp WHERE member_id = '{a.UserId}'")));
        foreach (var (organization, name, id) in new[] { (a, "admin", a.AdminId), (b, "user", b.UserId) })
        {
            await organization.QueryAsync<int>($@"UPDATE totp SET protected_seed = '\x{stolen}' WHERE member_id = '{id}' RETURNING 1");
            var answer = await organization.LoginWithAsync(name, own.Code());
            Assert.False(answer.IsSuccessStatusCode);
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

    internal static async Task<string> DumpAsync(TestApp app)
    {
        var binaries = await PostgresBinaries.FindAsync(clusterVersion: null, CancellationToken.None);
        var server = new NpgsqlConnectionStringBuilder(app.Database.OwnerConnectionString);
        var url = $"postgresql://{Uri.EscapeDataString(server.Username!)}:{Uri.EscapeDataString(server.Password ?? "")}@/{server.Database}?host={Uri.EscapeDataString(server.Host!)}&port={server.Port}";
        var program = Path.Combine(Path.GetDirectoryName(binaries.Postgres)!, OperatingSystem.IsWindows() ? "pg_dump.exe" : "pg_dump");
        var (exitCode, output) = await Command.RunAsync([program, "--data-only", url], Path.GetTempPath(), CancellationToken.None);
        Assert.True(exitCode == 0, output);
        return output;
    }

    internal static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
