using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

internal static class PasskeySteps
{
    /// <summary>A new passkey of somebody, added in a session of its own that has shown what it takes.</summary>
    public static async Task<SoftAuthenticator> AddPasskeyAsync(this TestOrganization organization, string userName)
    {
        using var client = await organization.SignInAsync(userName);
        return await organization.AddPasskeyAsync(client);
    }

    /// <summary>The same in this session.</summary>
    public static async Task<SoftAuthenticator> AddPasskeyAsync(this TestOrganization organization, HttpClient client, string name = "Laptop")
    {
        var authenticator = new SoftAuthenticator(organization);
        await (await client.TryAddPasskeyAsync(authenticator, name)).OkAsync(HttpStatusCode.Created);
        return authenticator;
    }

    public static async Task<HttpResponseMessage> TryAddPasskeyAsync(this HttpClient client, SoftAuthenticator authenticator, string name = "Laptop")
    {
        var (token, options) = await client.BeginPasskeyAsync();
        return await client.AddPasskeyAsync(token, authenticator.Create(options), name);
    }

    public static async Task<(string Token, JsonElement Options)> BeginPasskeyAsync(this HttpClient client) => Read(await client.PostAsync("/me/passkeys/options", null));

    public static Task<HttpResponseMessage> AddPasskeyAsync(this HttpClient client, string token, object credential, string name = "Laptop") =>
        client.PostAsJsonAsync("/me/passkeys", new { passkey_token = token, name, credential });

    public static async Task<(string Token, JsonElement Options)> BeginPasskeyLoginAsync(this TestOrganization organization) =>
        Read(await organization.Anonymous.PostAsync("/login/passkey/options", null));

    public static Task<HttpResponseMessage> PasskeyLoginAsync(this TestOrganization organization, string token, object credential) =>
        organization.Anonymous.PostAsJsonAsync("/login/passkey", new { passkey_token = token, credential });

    /// <summary>Both halves of a sign-in by passkey.</summary>
    public static async Task<HttpResponseMessage> LoginWithAsync(this TestOrganization organization, SoftAuthenticator authenticator)
    {
        var (token, options) = await organization.BeginPasskeyLoginAsync();
        return await organization.PasskeyLoginAsync(token, authenticator.Get(options));
    }

    /// <summary>A client with the tokens of a sign-in by passkey.</summary>
    public static async Task<HttpClient> SignInWithAsync(this TestOrganization organization, SoftAuthenticator authenticator) =>
        organization.WithToken((await (await organization.LoginWithAsync(authenticator)).OkAsync()).Access());

    public static async Task<JsonElement> BeginFactorAsync(this TestOrganization organization, string mfaToken) =>
        (await (await organization.Anonymous.PostAsJsonAsync("/login/mfa/passkey/options", new { mfa_token = mfaToken })).OkAsync()).GetProperty("options");

    public static Task<HttpResponseMessage> FinishWithAsync(this TestOrganization organization, string mfaToken, object credential, bool rememberDevice = false) =>
        organization.Anonymous.PostAsJsonAsync("/login/mfa/passkey", new { mfa_token = mfaToken, credential, remember_device = rememberDevice });

    public static Task<HttpResponseMessage> AllowAsync(this HttpClient admin, params string[] methods) =>
        admin.PatchAsJsonAsync("/organization", new { security = new { sign_in_methods = methods } });

    private static (string Token, JsonElement Options) Read(HttpResponseMessage answer)
    {
        var body = answer.OkAsync().GetAwaiter().GetResult();
        return (body.GetProperty("passkey_token").GetString()!, body.GetProperty("options"));
    }
}
