using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>
/// Every route of the product with every credential; the expected answer follows from the route's metadata alone
/// (adversarial isolation test 7). A new route or credential needs one line at most.
/// </summary>
public sealed class CredentialMatrixTests(ApiFixture fixture)
{
    private static readonly string[] Refusals = ["credentials.required", "token.invalid", "tenant.mismatch", "permission.denied", "session.required", "access.read_only"];

    private enum Worth
    {
        Nothing,
        Invalid,
        InvalidAndAlone,
        AnotherOrganizations,
        User,
        Admin,
        Key,
        SuperAdmin,
        ActingToLook,
        ActingToChange,
    }

    /// <param name="Bearer">What stands behind <c>Authorization: Bearer</c>; null for no header.</param>
    /// <param name="ByHeader">Whether the organization is named by <c>X-Tenant</c> on the bare domain.</param>
    /// <param name="ApiKey">What stands in <c>X-Api-Key</c>; null for no header.</param>
    /// <param name="Alone">Whether nothing else names the organization.</param>
    /// <param name="Scopes">What a good API key may do.</param>
    private sealed record Credential(
        string Name, Worth Worth, string? Bearer, bool ByHeader = false, string? ApiKey = null, bool Alone = false, IReadOnlyCollection<string>? Scopes = null);

    [Fact] // SEC-1, SEC-22, SEC-35
    public async Task Every_route_answers_every_credential_as_its_metadata_says()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var routes = ApiRoute.AllOf(fixture.App).OrderBy(route => route.Path == "/platform/logout").ToList(); // what ends the session comes last
        var wrong = new List<string>();
        foreach (var credential in await CredentialsAsync(a, b))
        {
            using var client = fixture.App.ClientFor(credential.ByHeader || credential.Alone ? null : b.Identifier);
            foreach (var route in routes)
            {
                using var call = route.Call();
                call.Headers.Authorization = credential.Bearer is { } bearer ? new("Bearer", bearer) : null;
                if (credential.ByHeader)
                {
                    call.Headers.Add("X-Tenant", b.Identifier);
                }

                if (credential.ApiKey is { } key)
                {
                    call.Headers.Add("X-Api-Key", key);
                }

                using var answer = await client.SendAsync(call);
                var (expected, got) = (Expected(route, credential), await RefusalAsync(answer));
                if (got != expected || answer.StatusCode >= HttpStatusCode.InternalServerError)
                {
                    wrong.Add($"{route} with {credential.Name}: expected {expected ?? "no refusal"}, got {(int)answer.StatusCode} {got}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        // The matrix was about something: guarded routes and open ones, and nobody of A has left a trace in B.
        Assert.Contains(routes, route => route.Policies.Count > 0);
        Assert.Contains(routes, route => route is { NeedsSession: true, Policies.Count: 0 });
        Assert.Contains(routes, route => route is { NeedsSession: true, Policies.Count: > 0 });
        Assert.Contains(routes, route => route is { IsAnonymous: true, IsTenantless: false });
        Assert.Equal(0, await b.CountAsync($"audit_log WHERE actor_id IN ('{a.AdminId}', '{a.UserId}')"));
        Assert.Equal(1, await a.CountAsync("audit_log WHERE action LIKE 'api_key.%'"));
    }

    /// <summary>Who may do everything comes last: some of the calls succeed.</summary>
    private static async Task<IReadOnlyList<Credential>> CredentialsAsync(TestOrganization a, TestOrganization b)
    {
        var (foreign, user, admin) = (await a.TokensAsync("admin"), await b.TokensAsync("user"), await b.TokensAsync("admin"));
        var (_, foreignLink) = await a.AddApprovedAsync("linked");
        var (_, link) = await b.AddApprovedAsync("linked");
        var (key, foreignKey) = (ApiKeyToken.New(b.Organization.Key), ApiKeyToken.New(a.Organization.Key));
        await b.AddActiveAsync("careful", Roles.User);
        var careful = await b.EnableMfaAsync("careful");
        var device = (await (await b.FinishLoginAsync(await b.MfaTokenAsync("careful"), await careful.NewCodeAsync(), rememberDevice: true)).OkAsync()).GetProperty("device_token").GetString()!;
        using var adminA = a.WithToken(foreign.Access());
        using var adminB = b.WithToken(admin.Access());
        var (issuedByA, approving, everything) = (await adminA.CreateKeyAsync([.. Permissions.OfKeys]), await adminB.CreateKeyAsync(Permissions.ApproveMembers), await adminB.CreateKeyAsync([.. Permissions.OfKeys]));
        var revoked = await adminB.CreateKeyAsync([.. Permissions.OfKeys]);
        await (await adminB.DeleteAsync($"/api-keys/{revoked.Id}")).OkAsync(HttpStatusCode.NoContent);

        // Its owner may less than its scopes say: the role was narrowed since.
        await adminB.DefineRoleAsync("reader", Permissions.ReadMembers, Permissions.ReadAuditLog);
        await b.AddActiveAsync("reader", "reader");
        using var reader = await b.SignInAsync("reader");
        var members = await reader.CreateOwnKeyAsync(Permissions.ReadMembers, Permissions.ReadAuditLog);
        await (await adminB.PatchAsJsonAsync("/roles/reader", new { permissions = new[] { Permissions.ReadMembers } })).OkAsync();
        var (superToken, otherSuperToken) = (await (await Operator.CreateAsync(b.App)).TokenAsync(), await (await Operator.CreateAsync(b.App)).TokenAsync());
        using var superAdmin = await Operator.SignInAsync(b.App);
        var (actingInA, looking, changing) = (
            (await (await superAdmin.EnterAsync(a, write: true)).OkAsync()).Access(), (await (await superAdmin.EnterAsync(b)).OkAsync()).Access(),
            (await (await superAdmin.EnterAsync(b, write: true)).OkAsync()).Access());
        return
        [
            new("no credential", Worth.Nothing, null),
            new("a malformed bearer", Worth.Invalid, "nonsense"),
            new("an empty token", Worth.Invalid, ".."),
            new("an expired token", Worth.Invalid, Forgery.Of(b.App, admin.Access()).At(notBefore: -1200, expires: -600).Signed()),
            new("a refresh token", Worth.Invalid, admin.Refresh()),
            new("a set-password token", Worth.Invalid, link),
            new("an MFA token", Worth.Invalid, await b.MfaTokenAsync("careful")),
            new("the token of a remembered device", Worth.Invalid, device),
            new("A's refresh token", Worth.Invalid, foreign.Refresh()),
            new("A's set-password token", Worth.Invalid, foreignLink),
            new("an API key that nobody issued", Worth.Invalid, key),
            new("an API key that nobody issued in its own header", Worth.Invalid, null, ApiKey: key),
            new("an API key that nobody issued and nothing else", Worth.InvalidAndAlone, key, Alone: true),
            new("an API key that nobody issued in its own header and nothing else", Worth.InvalidAndAlone, null, ApiKey: key, Alone: true),
            new("a revoked API key", Worth.Invalid, null, ApiKey: revoked.Key),
            new("a revoked API key and nothing else", Worth.InvalidAndAlone, revoked.Key, Alone: true),
            new("A's real API key on B's host", Worth.AnotherOrganizations, null, ApiKey: issuedByA.Key),
            new("A's real API key and B in the header", Worth.AnotherOrganizations, issuedByA.Key, ByHeader: true),
            new("A's API key on B's host", Worth.AnotherOrganizations, foreignKey),
            new("A's API key in its own header and B in the header", Worth.AnotherOrganizations, null, ByHeader: true, ApiKey: foreignKey),
            new("A's token on B's host", Worth.AnotherOrganizations, foreign.Access()),
            new("A's token and B in the header", Worth.AnotherOrganizations, foreign.Access(), ByHeader: true),
            new("a user's token", Worth.User, user.Access()),
            new("a user's token and B in the header", Worth.User, user.Access(), ByHeader: true),
            new("an API key that approves and nothing else", Worth.Key, null, ApiKey: approving.Key, Alone: true, Scopes: [Permissions.ApproveMembers]),
            new("an API key that approves on its host", Worth.Key, approving.Key, Scopes: [Permissions.ApproveMembers]),
            new("a member's API key", Worth.Key, members.Key, Scopes: [Permissions.ReadMembers]),
            new("an API key with every scope", Worth.Key, null, ApiKey: everything.Key, Scopes: Permissions.OfKeys),
            new("a super admin's token", Worth.SuperAdmin, superToken),
            new("a super admin's token and B in the header", Worth.SuperAdmin, otherSuperToken, ByHeader: true),
            new("the token of a super admin who acts in A", Worth.AnotherOrganizations, actingInA),
            new("the token of a super admin who looks at B", Worth.ActingToLook, looking),
            new("the token of a super admin who acts in B", Worth.ActingToChange, changing, ByHeader: true),
            new("an admin's token", Worth.Admin, admin.Access()),
            new("an admin's token and B in the header", Worth.Admin, admin.Access(), ByHeader: true),
        ];
    }

    /// <summary>The code of the refusal; null when the credential is not what the answer is about.</summary>
    private static string? Expected(ApiRoute route, Credential credential) => (route, credential.Worth) switch
    {
        // A credential of another organization is refused wherever an organization is asked, on anonymous routes too.
        ({ IsTenantless: false }, Worth.AnotherOrganizations or Worth.SuperAdmin) => "tenant.mismatch",
        ({ IsTenantless: false }, Worth.InvalidAndAlone) => "token.invalid",
        ({ IsAnonymous: true }, _) => null,
        // The platform is the super admin's alone, and knows no API keys; of what belongs to no organization there is nothing else.
        ({ IsPlatform: true }, Worth.SuperAdmin) => null,
        ({ IsPlatform: true }, _) when credential.Bearer is null => "credentials.required",
        (_, Worth.Nothing) => "credentials.required",
        (_, Worth.Invalid or Worth.InvalidAndAlone) => "token.invalid",

        ({ IsTenantless: true }, _) => "token.invalid",

        // Who acts in an organization is no member of it, and only looks unless it was said otherwise.
        ({ NeedsSession: true }, Worth.ActingToLook or Worth.ActingToChange) => "permission.denied",
        (_, Worth.ActingToLook or Worth.ActingToChange) when route.Method is "GET" or "HEAD" => null,
        (_, Worth.ActingToLook) => route.Policies.All(Permissions.OfSuperAdmins.Contains) ? "access.read_only" : "permission.denied",
        (_, Worth.ActingToChange) => route.Policies.All(Permissions.OfSuperAdmins.Contains) ? null : "permission.denied",
        ({ Policies.Count: > 0 }, Worth.User) => "permission.denied",

        // What needs a session is a person's; whatever else a key may do follows from its scopes.
        ({ NeedsSession: true }, Worth.Key) => "session.required",
        (_, Worth.Key) => route.Policies.All(credential.Scopes!.Contains) ? null : "permission.denied",
        _ => null,
    };

    private static async Task<string?> RefusalAsync(HttpResponseMessage answer)
    {
        if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
        {
            return null;
        }

        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var code = problem.RootElement.GetProperty("code").GetString();
        return Refusals.Contains(code) ? code : null;
    }
}
