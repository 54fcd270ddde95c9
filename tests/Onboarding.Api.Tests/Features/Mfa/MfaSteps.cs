using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OtpNet;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Mfa;

/// <summary>Somebody's authenticator app, by the clock of the product.</summary>
internal sealed record Authenticator(TestOrganization Organization, string Secret, IReadOnlyList<string> RecoveryCodes)
{
    /// <summary>What the app shows, now or so long from now.</summary>
    public string Code(TimeSpan fromNow = default) => MfaSteps.CodeOf(Secret, Organization.App.Services.GetRequiredService<TimeProvider>().GetUtcNow() + fromNow);

    /// <summary>What the app shows, good although it may have been used: for tests of something else than that.</summary>
    public async Task<string> NewCodeAsync()
    {
        await Organization.QueryAsync<int>("UPDATE totp SET last_step = 0 RETURNING 1");
        return Code();
    }
}

internal static class MfaSteps
{
    public static string CodeOf(string secret, DateTimeOffset at) => new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp(at.UtcDateTime);

    /// <summary>Sets up and confirms an app for somebody who has none, in a session of its own.</summary>
    public static async Task<Authenticator> EnableMfaAsync(this TestOrganization organization, string userName)
    {
        using var client = await organization.SignInAsync(userName);
        return await organization.EnableMfaAsync(client);
    }

    /// <summary>The same in this session.</summary>
    public static async Task<Authenticator> EnableMfaAsync(this TestOrganization organization, HttpClient client)
    {
        var app = new Authenticator(organization, await SetUpTotpAsync(client), []);
        var confirmed = await (await client.ConfirmTotpAsync(app.Code())).OkAsync();
        return app with { RecoveryCodes = confirmed.Codes() };
    }

    /// <summary>The secret of an app that is yet to be confirmed.</summary>
    public static async Task<string> SetUpTotpAsync(this HttpClient client) =>
        (await (await client.PostAsync("/me/mfa/totp", null)).OkAsync()).GetProperty("secret").GetString()!;

    public static Task<HttpResponseMessage> ConfirmTotpAsync(this HttpClient client, string code) =>
        client.PostAsJsonAsync("/me/mfa/totp/confirm", new { code });

    public static IReadOnlyList<string> Codes(this JsonElement answer) => [.. answer.GetProperty("recovery_codes").EnumerateArray().Select(code => code.GetString()!)];

    /// <summary>The first half of a sign-in that asks for a second factor.</summary>
    public static async Task<string> MfaTokenAsync(this TestOrganization organization, string userName)
    {
        var answer = await (await organization.TryLoginAsync(userName)).OkAsync();
        Assert.True(answer.GetProperty("mfa_required").GetBoolean());
        return answer.GetProperty("mfa_token").GetString()!;
    }

    /// <summary>The second half.</summary>
    public static Task<HttpResponseMessage> FinishLoginAsync(this TestOrganization organization, string mfaToken, string code, bool rememberDevice = false) =>
        organization.Anonymous.PostAsJsonAsync("/login/mfa", new { mfa_token = mfaToken, code, remember_device = rememberDevice });

    /// <summary>Both halves.</summary>
    public static async Task<HttpResponseMessage> LoginWithAsync(this TestOrganization organization, string userName, string code, bool rememberDevice = false) =>
        await organization.FinishLoginAsync(await organization.MfaTokenAsync(userName), code, rememberDevice);

    public static Task<HttpResponseMessage> LoginFromAsync(this TestOrganization organization, string userName, string? deviceToken, string password = TestOrganization.Password) =>
        organization.Anonymous.PostAsJsonAsync("/login", new { username = userName, password, device_token = deviceToken });

    /// <summary>Signs in with an app that was confirmed; a client with the tokens of that.</summary>
    public static async Task<HttpClient> SignInWithAsync(this TestOrganization organization, string userName, Authenticator app) =>
        organization.WithToken((await (await organization.LoginWithAsync(userName, await app.NewCodeAsync())).OkAsync()).Access());

    /// <summary>How the holder of an access token proved who they are.</summary>
    public static IReadOnlyList<string> Methods(this JsonElement tokens)
    {
        var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(tokens.Access().Split('.')[1]));
        return [.. claims.RootElement.GetProperty("amr").EnumerateArray().Select(method => method.GetString()!)];
    }

    /// <summary>Whether the member has to show a second factor at the next sign-in.</summary>
    public static async Task<bool> AsksForMfaAsync(this TestOrganization organization, string userName) =>
        (await (await organization.TryLoginAsync(userName)).OkAsync()).TryGetProperty("mfa_required", out _);

    public static async Task RequireMfaAsync(this TestOrganization organization, HttpClient admin, int graceDays) =>
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { require_mfa = true, mfa_grace_days = graceDays } })).OkAsync(HttpStatusCode.OK);
}
