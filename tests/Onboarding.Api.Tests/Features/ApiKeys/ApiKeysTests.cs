using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

public sealed class ApiKeysTests(ApiFixture fixture)
{
    private static readonly string[] Unknown = ["members:everything"];
    private static readonly string[] Loopback = ["127.0.0.0/8"];
    private static readonly string[] Networks = [" 192.0.2.7 ", "2001:DB8:0::/32", "10.0.0.0/8", "192.0.2.7/32"];

    [Fact] // SEC-34
    public async Task A_key_is_shown_once_and_does_what_its_scopes_say_by_either_header_and_by_itself()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var answer = await admin.PostAsJsonAsync("/api-keys", new { name = " Badge printer ", scopes = new[] { Permissions.ReadMembers, Permissions.ReadMembers }, rate_limit = 100 });
        var created = await answer.OkAsync(HttpStatusCode.Created);
        var key = created.Issued();

        Assert.Equal(organization.Organization.Key, ApiKeyToken.OrganizationOf(key.Key));
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal($"/api-keys/{key.Id}", answer.Headers.Location?.ToString());
        Assert.Equal(("Badge printer", key.Key[^4..], "active", 100), (created.GetProperty("name").GetString(), created.GetProperty("hint").GetString(), created.GetProperty("status").GetString(), created.GetProperty("rate_limit").GetInt32()));
        Assert.Equal([Permissions.ReadMembers], created.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        Assert.InRange(created.GetProperty("expires_at").GetDateTimeOffset() - created.GetProperty("created_at").GetDateTimeOffset(), TimeSpan.FromDays(364.9), TimeSpan.FromDays(365.1));
        Assert.Equal(organization.AdminId, created.GetProperty("created_by").GetGuid());

        foreach (var (header, value) in new[] { ("Authorization", $"Bearer {key.Key}"), ("X-Api-Key", key.Key) })
        {
            foreach (var host in new[] { organization.Identifier, null })
            {
                using var machine = fixture.App.ClientFor(host);
                machine.DefaultRequestHeaders.Add(header, value);
                await (await machine.GetAsync("/members")).OkAsync();
                Assert.Equal("permission.denied", await (await machine.GetAsync("/audit-log")).CodeAsync(HttpStatusCode.Forbidden));
                Assert.Equal("session.required", await (await machine.GetAsync("/me")).CodeAsync(HttpStatusCode.Forbidden));
            }
        }

        // Nothing that is read later holds it, and the audit log says who created it.
        foreach (var path in new[] { "/api-keys", $"/api-keys/{key.Id}", "/audit-log" })
        {
            var text = await admin.GetStringAsync(path);
            Assert.Contains(key.Id.ToString(), text, StringComparison.Ordinal);
            Assert.DoesNotContain(key.Key[^38..], text, StringComparison.Ordinal);
        }

        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'api_key.created' AND actor_id = '{organization.AdminId}' AND subject_id = '{key.Id}' AND note = 'Badge printer'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'api_key.created'"));
    }

    [Fact]
    public async Task A_key_beside_another_credential_is_good_for_nothing()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        admin.DefaultRequestHeaders.Add("X-Api-Key", key.Key);
        Assert.Equal("token.invalid", await (await admin.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // ONB-8
    public async Task Nobody_creates_a_key_or_takes_one_over_that_may_do_more_than_they()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("keeper", Permissions.ManageApiKeys, Permissions.ReadMembers);
        await organization.AddActiveAsync("keeper", "keeper");
        var powerful = await admin.CreateKeyAsync(Permissions.ManageMembers, Permissions.ReadMembers);
        using var keeper = await organization.SignInAsync("keeper");
        var own = await keeper.CreateKeyAsync(Permissions.ReadMembers);
        await RequireAsync("permission.not_grantable", HttpStatusCode.Forbidden, keeper.PostAsJsonAsync("/api-keys", new { name = "More", scopes = new[] { Permissions.ReadMembers, Permissions.ManageMembers } }));
        await RequireAsync("permission.not_grantable", HttpStatusCode.Forbidden, keeper.PatchAsJsonAsync($"/api-keys/{own.Id}", new { scopes = new[] { Permissions.ManageMembers } }));
        await RequireAsync("permission.not_grantable", HttpStatusCode.Forbidden, keeper.PatchAsJsonAsync($"/api-keys/{powerful.Id}", new { scopes = new[] { Permissions.ReadMembers } }));
        await RequireAsync("permission.not_grantable", HttpStatusCode.Forbidden, keeper.PostAsJsonAsync($"/api-keys/{powerful.Id}/rotate", new { }));
        await RequireAsync("permission.unknown", HttpStatusCode.BadRequest, keeper.PostAsJsonAsync("/api-keys", new { name = "Other", scopes = Unknown }));

        // To end one is no gain for anybody.
        await organization.RequireGoodAsync(powerful);
        await (await keeper.DeleteAsync($"/api-keys/{powerful.Id}")).OkAsync(HttpStatusCode.NoContent);
        await organization.RequireBadAsync(powerful);
    }

    [Fact] // SEC-34
    public async Task No_key_has_a_say_in_keys_its_own_included_whatever_it_was_stored_with()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (organizations, own) = (await admin.CreateKeyAsync([.. Permissions.OfKeys]), await admin.CreateOwnKeyAsync([.. Permissions.OfKeys]));
        Assert.Equal(2, (await organization.QueryAsync<int>($"UPDATE api_keys SET scopes = array_append(scopes, '{Permissions.ManageApiKeys}') RETURNING 1")).Count);
        foreach (var key in new[] { organizations, own })
        {
            using var machine = organization.WithKey(key);
            foreach (var keys in new[] { "/api-keys", "/me/api-keys" })
            {
                var path = $"{keys}/{key.Id}";
                foreach (var call in new[]
                {
                    machine.PostAsJsonAsync(keys, new { name = "Heir", scopes = new[] { Permissions.ReadMembers } }), machine.GetAsync(keys), machine.GetAsync(path), machine.GetAsync($"{path}/usage"),
                    machine.PatchAsJsonAsync(path, new { expires_at = TimeProvider.System.GetUtcNow().AddYears(9) }), machine.PostAsJsonAsync($"{path}/rotate", new { }), machine.DeleteAsync(path),
                })
                {
                    await RequireAsync("session.required", HttpStatusCode.Forbidden, call);
                }
            }

            // Nor does it give what it no longer has: an admin manages keys.
            await RequireAsync("role.not_grantable", HttpStatusCode.Forbidden, machine.PostAsJsonAsync("/invitations", new { email = "heir@example.com", role = Roles.Admin }));
            await organization.RequireGoodAsync(key);
        }

        Assert.Equal(2, await organization.CountAsync("audit_log WHERE action LIKE 'api_key.%'"));
    }

    [Fact]
    public async Task A_key_is_changed_at_once_and_what_is_left_out_stays()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(new { name = "First", scopes = new[] { Permissions.ReadMembers }, rate_limit = 50, allowed_networks = Loopback });
        using var machine = organization.WithKey(key);
        await (await machine.GetAsync("/members")).OkAsync();

        var renamed = await (await admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { name = "Second" })).OkAsync();
        Assert.Equal(("Second", 50, 1, 1), (renamed.GetProperty("name").GetString(), renamed.GetProperty("rate_limit").GetInt32(), renamed.GetProperty("scopes").GetArrayLength(), renamed.GetProperty("allowed_networks").GetArrayLength()));
        await (await admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { scopes = new[] { Permissions.ReadAuditLog } })).OkAsync();
        Assert.Equal("permission.denied", await (await machine.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden));
        await (await machine.GetAsync("/audit-log")).OkAsync();

        var open = await (await admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { rate_limit = 0, allowed_networks = Array.Empty<string>() })).OkAsync();
        Assert.Equal((JsonValueKind.Null, 0), (open.GetProperty("rate_limit").ValueKind, open.GetProperty("allowed_networks").GetArrayLength()));

        // Nothing to change is no event.
        await (await admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { name = "Second" })).OkAsync();
        Assert.Equal(3, await organization.CountAsync("audit_log WHERE action = 'api_key.changed'"));
    }

    [Fact]
    public async Task A_revoked_key_is_dead_at_once_and_for_good()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var first = await admin.CreateKeyAsync(Permissions.ReadMembers);
        var second = await admin.RotateKeyAsync(first.Id);
        await organization.RequireGoodAsync(first);
        await organization.RequireGoodAsync(second);

        await (await admin.DeleteAsync($"/api-keys/{first.Id}")).OkAsync(HttpStatusCode.NoContent);
        await organization.RequireBadAsync(first);
        await organization.RequireBadAsync(second);
        await (await admin.DeleteAsync($"/api-keys/{first.Id}")).OkAsync(HttpStatusCode.NoContent);
        await RequireAsync("api_key.revoked", HttpStatusCode.Conflict, admin.PatchAsJsonAsync($"/api-keys/{first.Id}", new { name = "Again" }));
        await RequireAsync("api_key.revoked", HttpStatusCode.Conflict, admin.PostAsJsonAsync($"/api-keys/{first.Id}/rotate", new { }));
        Assert.Equal("revoked", (await (await admin.GetAsync($"/api-keys/{first.Id}")).OkAsync()).GetProperty("status").GetString());
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'api_key.revoked'"));
    }

    [Fact] // SEC-24
    public async Task Revoking_what_is_revoked_makes_no_node_forget_anything()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (first, second) = (await admin.CreateKeyAsync(Permissions.ReadMembers), await admin.CreateKeyAsync(Permissions.ReadMembers));
        var before = await ChangedAsync();
        await (await admin.DeleteAsync($"/api-keys/{first.Id}")).OkAsync(HttpStatusCode.NoContent);
        await Eventually.HoldsAsync(async () => await organization.CountAsync("outbox WHERE handled_at IS NULL") == 0, "the event is handled, which tells the nodes once more");
        var after = await ChangedAsync();
        Assert.NotEqual(before, after);

        await (await admin.DeleteAsync($"/api-keys/{first.Id}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal(after, await ChangedAsync());
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'api_key.revoked'"));
        await (await admin.DeleteAsync($"/api-keys/{second.Id}")).OkAsync(HttpStatusCode.NoContent);
        Assert.NotEqual(after, await ChangedAsync());

        async Task<string> ChangedAsync() =>
            Assert.Single(await organization.QueryAsync<string>($"SELECT changed_at::text FROM platform.organizations WHERE id = '{organization.Organization.Id}'"));
    }

    [Fact]
    public async Task At_most_two_secrets_of_a_key_work()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var first = await admin.CreateKeyAsync(Permissions.ReadMembers);
        await organization.RequireGoodAsync(first);
        var second = await admin.RotateKeyAsync(first.Id);
        Assert.Equal(first.Id, second.Id);
        await organization.RequireGoodAsync(first);
        await organization.RequireGoodAsync(second);

        var third = await admin.RotateKeyAsync(first.Id, overlapMinutes: 5);
        await organization.RequireBadAsync(first);
        await organization.RequireGoodAsync(second);
        await organization.RequireGoodAsync(third);

        var fourth = await admin.RotateKeyAsync(first.Id, overlapMinutes: 0);
        await organization.RequireBadAsync(second);
        await organization.RequireBadAsync(third);
        await organization.RequireGoodAsync(fourth);
    }

    [Fact] // SEC-3
    public async Task Keys_of_others_look_like_none()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        var (foreign, members) = (await adminA.CreateKeyAsync(Permissions.ReadMembers), await adminB.CreateOwnKeyAsync(Permissions.ReadMembers));
        await b.AddActiveAsync("other", Roles.Admin);
        using var otherB = await b.SignInAsync("other");
        var organizations = await adminB.CreateKeyAsync(Permissions.ReadMembers);

        var answers = new HashSet<string>();
        foreach (var (caller, path) in new[] { (adminB, $"/api-keys/{foreign.Id}"), (adminB, $"/api-keys/{Guid.Empty}"), (otherB, $"/me/api-keys/{members.Id}"), (adminB, $"/me/api-keys/{organizations.Id}") })
        {
            foreach (var call in new Func<Task<HttpResponseMessage>>[]
            {
                () => caller.GetAsync(path), () => caller.GetAsync($"{path}/usage"), () => caller.PatchAsJsonAsync(path, new { name = "Mine" }),
                () => caller.PostAsJsonAsync($"{path}/rotate", new { }), () => caller.DeleteAsync(path),
            })
            {
                using var answer = await call();
                Assert.Equal("api_key.not_found", await answer.CodeAsync(HttpStatusCode.NotFound));
                answers.Add((await answer.JsonAsync()).GetProperty("detail").GetString()!);
            }
        }

        Assert.Single(answers);
        await a.RequireGoodAsync(foreign);
        await b.RequireGoodAsync(members);
        await b.RequireGoodAsync(organizations);
    }

    [Fact]
    public async Task Whoever_manages_keys_sees_and_revokes_those_of_members_and_never_gets_hold_of_them()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddActiveAsync("other", Roles.Admin);
        using var admin = await organization.SignInAsync();
        using var other = await organization.SignInAsync("other");
        var own = await other.CreateOwnKeyAsync(Permissions.ReadMembers);
        var row = Assert.Single((await (await admin.GetAsync("/api-keys")).OkAsync()).GetProperty("data").EnumerateArray());
        Assert.Equal((own.Id, "other"), (row.GetProperty("id").GetGuid(), row.GetProperty("owner").GetString()));
        Assert.Empty((await (await admin.GetAsync("/me/api-keys")).OkAsync()).GetProperty("data").EnumerateArray());
        await RequireAsync("api_key.not_found", HttpStatusCode.NotFound, admin.PostAsJsonAsync($"/api-keys/{own.Id}/rotate", new { }));
        await RequireAsync("api_key.not_found", HttpStatusCode.NotFound, admin.PatchAsJsonAsync($"/api-keys/{own.Id}", new { name = "Mine" }));
        await (await admin.GetAsync($"/api-keys/{own.Id}/usage")).OkAsync();
        await (await admin.DeleteAsync($"/api-keys/{own.Id}")).OkAsync(HttpStatusCode.NoContent);
        await organization.RequireBadAsync(own);
    }

    [Fact] // SEC-24
    public async Task A_members_key_may_what_the_role_allows_today_and_dies_with_the_membership_and_the_organizations_key_lives_on()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("keeper", Permissions.ReadMembers, Permissions.ReadAuditLog, Permissions.ManageApiKeys);
        var keeperId = await organization.AddActiveAsync("keeper", "keeper");
        using var keeper = await organization.SignInAsync("keeper");
        var (own, organizations) = (await keeper.CreateOwnKeyAsync(Permissions.ReadMembers, Permissions.ReadAuditLog), await keeper.CreateKeyAsync(Permissions.ReadMembers));
        using var machine = organization.WithKey(own);
        await (await machine.GetAsync("/audit-log")).OkAsync();

        // Another definition of the role, another role, and the first one again.
        await (await admin.PatchAsJsonAsync("/roles/keeper", new { permissions = new[] { Permissions.ReadMembers } })).OkAsync();
        Assert.Equal("permission.denied", await (await machine.GetAsync("/audit-log")).CodeAsync(HttpStatusCode.Forbidden));
        await organization.RequireGoodAsync(own);
        await (await admin.PutAsJsonAsync($"/members/{keeperId}/role", new { role = Roles.User })).OkAsync();
        Assert.Equal("permission.denied", await (await organization.ReadAsync(own)).CodeAsync(HttpStatusCode.Forbidden));
        await (await admin.PutAsJsonAsync($"/members/{keeperId}/role", new { role = "keeper" })).OkAsync();
        await organization.RequireGoodAsync(own);

        await (await admin.PostAsJsonAsync($"/members/{keeperId}/suspend", new { })).OkAsync();
        await organization.RequireBadAsync(own);
        await (await admin.PostAsync($"/members/{keeperId}/reactivate", null)).OkAsync();
        await organization.RequireGoodAsync(own);
        await (await admin.DeleteAsync($"/members/{keeperId}")).OkAsync(HttpStatusCode.NoContent);
        await organization.RequireBadAsync(own);
        Assert.Equal(["revoked", "active"], [await StatusAsync(own), await StatusAsync(organizations)]);
        await organization.RequireGoodAsync(organizations);

        async Task<string?> StatusAsync(IssuedKey key) => (await (await admin.GetAsync($"/api-keys/{key.Id}")).OkAsync()).GetProperty("status").GetString();
    }

    [Fact]
    public async Task A_member_without_permissions_has_none_to_put_into_a_key()
    {
        var organization = await fixture.OrganizationAsync();
        using var user = await organization.SignInAsync("user");
        await RequireAsync("permission.denied", HttpStatusCode.Forbidden, user.PostAsJsonAsync("/api-keys", new { name = "Mine", scopes = new[] { Permissions.ReadMembers } }));
        await RequireAsync("permission.not_grantable", HttpStatusCode.Forbidden, user.PostAsJsonAsync("/me/api-keys", new { name = "Mine", scopes = new[] { Permissions.ReadMembers } }));
        Assert.Empty((await (await user.GetAsync("/me/api-keys")).OkAsync()).GetProperty("data").EnumerateArray());
    }

    [Fact] // SEC-46
    public async Task What_makes_no_sense_is_refused_field_by_field()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        var scopes = new[] { Permissions.ReadMembers };
        foreach (var (field, request) in new (string, object)[]
        {
            ("name", new { name = " ", scopes }), ("name", new { name = new string('n', 101), scopes }), ("scopes", new { name = "Empty", scopes = Array.Empty<string>() }),
            ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "everywhere" } }), ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "10.0.0.0/33" } }),
            ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "::ffff:10.0.0.0/104" } }), ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "10.0.0.0/8/8" } }),
            ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "010.0.0.0/8" } }), ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "0x7f.1" } }),
            ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "1" } }), ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "10.0.0.1/8" } }),
            ("allowed_networks", new { name = "Net", scopes, allowed_networks = new string?[] { null } }), ("allowed_networks", new { name = "Net", scopes, allowed_networks = new[] { "fe80::1%1" } }),
            ("rate_limit", new { name = "Rate", scopes, rate_limit = -1 }), ("expires_at", new { name = "Old", scopes, expires_at = "2020-01-01T00:00:00Z" }),
            ("expires_at", new { name = "Eternal", scopes, expires_at = "9999-12-31T23:59:59Z" }), ("scopes", new { name = "Keeper", scopes = new[] { Permissions.ReadMembers, Permissions.ManageApiKeys } }),
        })
        {
            foreach (var call in new[] { admin.PostAsJsonAsync("/api-keys", request), admin.PostAsJsonAsync("/me/api-keys", request), admin.PatchAsJsonAsync($"/api-keys/{key.Id}", request) })
            {
                using var answer = await call;
                Assert.Equal("request.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
                Assert.True((await answer.JsonAsync()).GetProperty("errors").TryGetProperty(field, out _), await answer.Content.ReadAsStringAsync());
            }
        }

        await RequireAsync("permission.unknown", HttpStatusCode.BadRequest, admin.PostAsJsonAsync("/api-keys", new { name = "Null", scopes = new string?[] { null } }));
        await RequireAsync("request.invalid", HttpStatusCode.BadRequest, admin.PostAsJsonAsync($"/api-keys/{key.Id}/rotate", new { overlap_minutes = 10_081 }));
        await RequireAsync("request.invalid", HttpStatusCode.BadRequest, admin.GetAsync($"/api-keys/{key.Id}/usage?days=367"));
        await organization.RequireGoodAsync(key);
    }

    [Fact]
    public async Task Networks_are_kept_in_one_form()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var created = await (await admin.PostAsJsonAsync("/api-keys", new { name = "Nets", scopes = new[] { Permissions.ReadMembers }, allowed_networks = Networks })).OkAsync(HttpStatusCode.Created);
        Assert.Equal(["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"], created.GetProperty("allowed_networks").EnumerateArray().Select(network => network.GetString()));
    }

    [Fact]
    public async Task The_list_is_read_page_by_page_newest_first()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ids.Insert(0, (await admin.CreateKeyAsync(Permissions.ReadMembers)).Id);
        }

        Assert.Equal(ids, (await Paged.AllAsync(admin, "/api-keys", 2)).Select(row => row.GetProperty("id").GetGuid()));
        await RequireAsync("cursor.invalid", HttpStatusCode.BadRequest, admin.GetAsync("/api-keys?cursor=nonsense"));
    }

    [Fact]
    public async Task No_member_uses_up_what_is_everybodys()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Billing:Plans:premium:Quotas:api_keys"] = "5", ["Quotas:ApiKeysPerMember"] = "2" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var (first, _) = (await admin.CreateOwnKeyAsync(Permissions.ReadMembers), await admin.CreateOwnKeyAsync(Permissions.ReadMembers));
        using var answer = await admin.PostAsJsonAsync("/me/api-keys", new { name = "Third", scopes = new[] { Permissions.ReadMembers } });
        Assert.Equal("quota.api_keys", await answer.CodeAsync(HttpStatusCode.Conflict));
        var problem = await answer.JsonAsync();
        Assert.Equal((2, 2), (problem.GetProperty("limit").GetInt32(), problem.GetProperty("used").GetInt32()));
        await admin.CreateKeyAsync(Permissions.ReadMembers);
        await (await admin.DeleteAsync($"/me/api-keys/{first.Id}")).OkAsync(HttpStatusCode.NoContent);
        await admin.CreateOwnKeyAsync(Permissions.ReadMembers);
    }

    [Fact]
    public async Task The_quota_counts_keys_that_are_good()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Billing:Plans:premium:Quotas:api_keys"] = "2" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var (first, _) = (await admin.CreateKeyAsync(Permissions.ReadMembers), await admin.CreateOwnKeyAsync(Permissions.ReadMembers));
        using var answer = await admin.PostAsJsonAsync("/api-keys", new { name = "Third", scopes = new[] { Permissions.ReadMembers } });
        Assert.Equal("quota.api_keys", await answer.CodeAsync(HttpStatusCode.Conflict));
        var problem = await answer.JsonAsync();
        Assert.Equal((2, 2), (problem.GetProperty("limit").GetInt32(), problem.GetProperty("used").GetInt32()));
        await (await admin.DeleteAsync($"/api-keys/{first.Id}")).OkAsync(HttpStatusCode.NoContent);

        // Two at once do not both take the last place.
        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM settings FOR UPDATE");
        var racing = Enumerable.Range(0, 2).Select(_ => admin.PostAsJsonAsync("/api-keys", new { name = "Racer", scopes = new[] { Permissions.ReadMembers } })).ToList();
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);
        Assert.Equal((1, 1), (answers.Count(HttpStatusCode.Created), answers.Count(HttpStatusCode.Conflict)));
    }

    private static async Task RequireAsync(string code, HttpStatusCode status, Task<HttpResponseMessage> call)
    {
        using var answer = await call;
        Assert.Equal(code, await answer.CodeAsync(status));
    }
}
