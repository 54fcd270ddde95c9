using System.Net;
using System.Text.Json;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

/// <summary>The same in a real browser: what its WebAuthn asks for and answers is what the API gives and takes.</summary>
public sealed class BrowserTests(ApiFixture fixture)
{
    private const string Page = """
        const post = async (path, body, access) => {
            const answer = await fetch(path, {
                method: 'POST',
                headers: { 'Content-Type': 'application/json', ...(access ? { Authorization: `Bearer ${access}` } : {}) },
                body: body === undefined ? undefined : JSON.stringify(body),
            });
            return { status: answer.status, body: await answer.json() };
        };
        const create = async options => (await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })).toJSON();
        const get = async options => (await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })).toJSON();
        """;

    [Fact] // SEC-33
    public async Task In_Chromium_a_passkey_is_added_signs_in_and_is_a_second_factor()
    {
        var organization = await fixture.OrganizationAsync();
        await using var browser = await Chromium.OpenAsync(organization, "/swagger/index.html");
        await browser.AddAuthenticatorAsync();

        var added = Ok(await browser.RunAsync(Page + """
            const { body } = await post('/me/passkeys/options', undefined, args.access);
            return await post('/me/passkeys', { passkey_token: body.passkey_token, name: 'Laptop', credential: await create(body.options) }, args.access);
            """, new { access = (await organization.TokensAsync("user")).Access() }), HttpStatusCode.Created);
        Assert.Equal(10, added.Codes().Count);
        var id = added.GetProperty("passkey").GetProperty("id").GetString();

        // Nobody is named: the browser finds the passkey by the organization's host.
        var tokens = Ok(await browser.RunAsync(Page + """
            const { body } = await post('/login/passkey/options');
            return await post('/login/passkey', { passkey_token: body.passkey_token, credential: await get(body.options) });
            """));
        Assert.Equal(["hwk", "mfa"], tokens.Methods().Order());
        using var user = organization.WithToken(tokens.Access());
        Assert.Equal("user", (await (await user.GetAsync("/me")).OkAsync()).GetProperty("username").GetString());
        Assert.Equal(id, (await (await user.GetAsync("/me/passkeys")).OkAsync()).GetProperty("data")[0].GetProperty("id").GetString());

        tokens = Ok(await browser.RunAsync(Page + """
            const begun = (await post('/login', { username: 'user', password: args.password })).body;
            const { body } = await post('/login/mfa/passkey/options', { mfa_token: begun.mfa_token });
            return await post('/login/mfa/passkey', { mfa_token: begun.mfa_token, credential: await get(body.options) });
            """, new { password = TestOrganization.Password }));
        Assert.Equal(["hwk", "mfa", "pwd"], tokens.Methods().Order());

        // The browser itself keeps an authenticator from holding a second one of the same member.
        var again = await browser.RunAsync(Page + """
            const { body } = await post('/me/passkeys/options', undefined, args.access);
            try { await create(body.options); return 'created'; } catch (error) { return error.name; }
            """, new { access = tokens.Access() });
        Assert.Equal("InvalidStateError", again.GetString());
    }

    private static JsonElement Ok(JsonElement answer, HttpStatusCode status = HttpStatusCode.OK)
    {
        Assert.True(answer.GetProperty("status").GetInt32() == (int)status, $"{answer}");
        return answer.GetProperty("body");
    }
}
