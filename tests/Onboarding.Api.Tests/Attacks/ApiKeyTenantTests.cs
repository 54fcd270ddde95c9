using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>An API key names its organization where nothing else does, has to agree with whatever does, and tells nobody which ones exist.</summary>
public sealed partial class ApiKeyTenantTests(ApiFixture fixture, ObservedApp observed) : IClassFixture<ObservedApp>
{
    private static readonly string[] Headers = ["Authorization", "X-Api-Key"];

    [Fact]
    public async Task On_the_bare_domain_a_key_names_its_organization_by_itself()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        foreach (var organization in new[] { a, b, a })
        {
            var good = await IssuedAsync(organization);
            foreach (var header in Headers)
            {
                using var answer = await SendAsync(null, Call(header, good, path: "/members"));
                await answer.OkAsync();
                Assert.Equal(organization.Identifier, observed.Resolved(answer));
                await RequireAsync("token.invalid", organization.Identifier, Call(header, KeyOf(organization)));

                // A header without a name in it names nobody.
                await RequireAsync("token.invalid", organization.Identifier, Call(header, KeyOf(organization), tenant: " "));
            }
        }
    }

    [Fact] // SEC-3
    public async Task A_key_that_is_not_good_gets_the_same_answer_for_whatever_reason_and_whether_or_not_its_organization_exists()
    {
        var (active, suspended, deleting) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var admin = await active.SignInAsync();
        var (expired, revoked) = (await admin.CreateKeyAsync(Permissions.ReadMembers), await admin.CreateKeyAsync(Permissions.ReadMembers));
        await active.QueryAsync<int>($"UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = '{expired.Id}' RETURNING 1");
        await (await admin.DeleteAsync($"/api-keys/{revoked.Id}")).OkAsync(HttpStatusCode.NoContent);
        var ownerId = await active.AddActiveAsync("owner", Roles.Admin);
        using var owner = await active.SignInAsync("owner");
        var ownerless = await owner.CreateOwnKeyAsync(Permissions.ReadMembers);
        await (await admin.PostAsJsonAsync($"/members/{ownerId}/suspend", new { })).OkAsync();
        var (ofSuspended, ofDeleting) = (await IssuedAsync(suspended), await IssuedAsync(deleting));
        await PutAsync(suspended, "suspended");
        await PutAsync(deleting, "deleting");
        var good = KeyOf(active);
        string[] keys =
        [
            expired.Key, revoked.Key, ownerless.Key, ofSuspended, ofDeleting, good, KeyOf(suspended), KeyOf(deleting), ApiKeyToken.New(Guid.CreateVersion7()), ApiKeyToken.New(Guid.Empty),
            good[..^1], $"{good}0", $"{good},{good}", "ok_live_", "ok_live_nonsense",
        ];
        foreach (var (method, path) in new[] { ("GET", "/me"), ("GET", "/members"), ("POST", "/login"), ("POST", "/register") })
        {
            var answers = new HashSet<string>();
            foreach (var call in keys.SelectMany(key => Headers.Select(header => Call(header, key, method: method, path: path))))
            {
                using var answer = await SendAsync(null, call);
                Assert.Equal("token.invalid", await answer.CodeAsync(HttpStatusCode.Unauthorized));
                answers.Add(await TextAsync(answer));
            }

            Assert.Single(answers);
        }
    }

    [Fact] // SEC-1
    public async Task A_key_that_names_another_organization_than_host_or_header_is_refused_everywhere()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        foreach (var key in new[] { await IssuedAsync(b), KeyOf(b), ApiKeyToken.New(Guid.CreateVersion7()) })
        {
            foreach (var header in Headers)
            {
                await RequireAsync("tenant.mismatch", a.Identifier, Call(header, key), host: a.Identifier);
                await RequireAsync("tenant.mismatch", a.Identifier, Call(header, key, tenant: a.Identifier));
                await RequireAsync("tenant.mismatch", a.Identifier, LoginCall(header, key), host: a.Identifier);
            }
        }

        // Nobody issued this one of A: it says no more than any other bad credential, and counts for nothing where none is asked for.
        foreach (var header in Headers)
        {
            await RequireAsync("token.invalid", a.Identifier, Call(header, KeyOf(a)), host: a.Identifier);
            await RequireAsync("token.invalid", a.Identifier, Call(header, KeyOf(a), tenant: a.Identifier));
            await RequireAsync("token.invalid", a.Identifier, Call(header, "ok_live_nonsense"), host: a.Identifier);
            await (await SendAsync(a.Identifier, LoginCall(header, KeyOf(a)))).OkAsync();
        }

        // A good one counts for nothing there either.
        var issued = await IssuedAsync(a);
        foreach (var host in new[] { a.Identifier, null })
        {
            await (await SendAsync(host, LoginCall("X-Api-Key", issued))).OkAsync();
        }
    }

    [Fact] // SEC-1
    public async Task A_key_beside_another_credential_lends_it_nothing()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var bearer = $"Bearer {(await a.TokensAsync("user")).Access()}";
        await RequireAsync("token.invalid", a.Identifier, Call("X-Api-Key", KeyOf(a), authorization: bearer));
        await RequireAsync("token.invalid", a.Identifier, Call("X-Api-Key", await IssuedAsync(a), authorization: bearer));
        await RequireAsync("tenant.mismatch", a.Identifier, Call("X-Api-Key", KeyOf(b), authorization: bearer), host: a.Identifier);

        // Two keys are none: the request names nobody, by whichever of them.
        await RequireAsync("token.invalid", null, Call("X-Api-Key", KeyOf(a), authorization: $"Bearer {KeyOf(b)}"));
        await RequireAsync("token.invalid", null, Call("X-Api-Key", KeyOf(a), authorization: $"Bearer {KeyOf(a)}"));
        var issued = await IssuedAsync(a);
        await RequireAsync("token.invalid", null, Call("X-Api-Key", issued, authorization: $"Bearer {issued}"));
    }

    [Fact] // SEC-2
    public async Task A_key_is_not_asked_where_a_host_or_a_header_names_somebody_unknown()
    {
        var key = await IssuedAsync(await fixture.OrganizationAsync());
        foreach (var header in Headers)
        {
            await RequireAsync("tenant.not_found", null, Call(header, key), HttpStatusCode.NotFound, host: "nobody-here");
            await RequireAsync("tenant.not_found", null, Call(header, key, tenant: "nobody-here"), HttpStatusCode.NotFound);
        }

        using var elsewhere = Call("X-Api-Key", key);
        elsewhere.Headers.Host = "evil.example";
        await RequireAsync("tenant.not_found", null, elsewhere, HttpStatusCode.NotFound);

        // What is no API key names nobody.
        foreach (var (header, value) in new[] { ("X-Api-Key", "nonsense"), ("X-Api-Key", key.ToUpperInvariant()), ("X-Api-Key", ""), ("Authorization", "nonsense"), ("X-Authorization", key) })
        {
            await RequireAsync("tenant.required", null, Call(header, value), HttpStatusCode.BadRequest);
        }
    }

    [Fact] // FAULT-4
    public async Task A_database_that_is_away_says_so_and_a_known_key_of_a_known_organization_is_found_without_it()
    {
        var organization = await fixture.OrganizationAsync();
        var issued = await IssuedAsync(organization);
        observed.Proxy.Down();
        try
        {
            await RequireAsync("server.unavailable", null, Call("X-Api-Key", KeyOf(organization)), HttpStatusCode.ServiceUnavailable);
        }
        finally
        {
            observed.Proxy.Up();
        }

        await RequireAsync("session.required", organization.Identifier, Call("X-Api-Key", issued), HttpStatusCode.Forbidden);
        observed.Proxy.Down();
        try
        {
            await RequireAsync("session.required", organization.Identifier, Call("X-Api-Key", issued), HttpStatusCode.Forbidden);

            // What is not remembered may be good: that it is not, only the database can say.
            await RequireAsync("server.unavailable", organization.Identifier, Call("X-Api-Key", KeyOf(organization)), HttpStatusCode.ServiceUnavailable);
        }
        finally
        {
            observed.Proxy.Up();
        }
    }

    /// <summary>A real key of the organization, which may read its members.</summary>
    private static async Task<string> IssuedAsync(TestOrganization organization)
    {
        using var admin = await organization.SignInAsync();
        return (await admin.CreateKeyAsync(Permissions.ReadMembers)).Key;
    }

    /// <summary>A key of the organization that nobody issued.</summary>
    private static string KeyOf(TestOrganization organization) => ApiKeyToken.New(organization.Organization.Key);

    /// <summary>Before the observed product has heard of it.</summary>
    private static async Task PutAsync(TestOrganization organization, string status) =>
        Assert.Single(await organization.QueryAsync<string>($"UPDATE platform.organizations SET status = '{status}' WHERE id = '{organization.Organization.Id}' RETURNING status"));

    private static HttpRequestMessage Call(string header, string key, string? tenant = null, string? authorization = null, string method = "GET", string path = "/me")
    {
        var call = new HttpRequestMessage(new HttpMethod(method), path) { Content = method == "GET" ? null : JsonContent.Create(new { }) };
        call.Headers.TryAddWithoutValidation(header, header == "Authorization" ? $"Bearer {key}" : key);
        if (tenant is not null)
        {
            call.Headers.TryAddWithoutValidation("X-Tenant", tenant);
        }

        if (authorization is not null)
        {
            call.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return call;
    }

    private static HttpRequestMessage LoginCall(string header, string key)
    {
        var call = Call(header, key, method: "POST", path: "/login");
        call.Content = JsonContent.Create(new { username = "user", password = TestOrganization.Password });
        return call;
    }

    private async Task<HttpResponseMessage> SendAsync(string? host, HttpRequestMessage call)
    {
        using var client = observed.App.ClientFor(host);
        return await client.SendAsync(call);
    }

    /// <param name="organization">The identifier of the organization that the request was found to belong to; null for none.</param>
    private async Task RequireAsync(
        string code, string? organization, HttpRequestMessage call, HttpStatusCode status = HttpStatusCode.Unauthorized, string? host = null)
    {
        using var answer = await SendAsync(host, call);
        Assert.Equal((code, organization), (await answer.CodeAsync(status), observed.Resolved(answer)));
    }

    private static async Task<string> TextAsync(HttpResponseMessage answer)
    {
        var headers = answer.Headers.Concat(answer.Content.Headers).Where(h => h.Key != "Date").Select(h => $"{h.Key}: {string.Join(',', h.Value)}");
        return TraceId().Replace($"{string.Join('\n', headers)}\n{await answer.Content.ReadAsStringAsync()}", "trace");
    }

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex TraceId();
}
