using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Faults;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

/// <summary>What one process of the product takes from a key, another refuses soon (SEC-24).</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class ApiKeyNodesTests(Nodes nodes)
{
    [Fact] // SEC-24
    public async Task Revoked_rotated_narrowed_or_with_its_owner_shut_out_in_one_process_a_key_is_refused_in_the_other()
    {
        var organization = await nodes.OrganizationAsync();
        var one = await nodes.NodeAsync();
        await using var other = await nodes.AnotherAsync();
        using var anonymous = one.ClientFor(organization.Identifier);
        using var admin = With(one, organization, await TokenAsync("admin"));
        await (await admin.PostAsJsonAsync("/roles", new { name = "reader", permissions = new[] { Permissions.ReadMembers } })).OkAsync(HttpStatusCode.Created);

        await EndsAsync(await admin.CreateKeyAsync(Permissions.ReadMembers), key => admin.DeleteAsync($"/api-keys/{key.Id}"), HttpStatusCode.Unauthorized);
        await EndsAsync(await admin.CreateKeyAsync(Permissions.ReadMembers), key => admin.PostAsJsonAsync($"/api-keys/{key.Id}/rotate", new { overlap_minutes = 0 }), HttpStatusCode.Unauthorized);
        await EndsAsync(await admin.CreateKeyAsync(Permissions.ReadMembers), key => admin.PatchAsJsonAsync($"/api-keys/{key.Id}", new { scopes = new[] { Permissions.ReadAuditLog } }), HttpStatusCode.Forbidden);

        await (await admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "reader" })).OkAsync();
        IssuedKey own;
        using (var user = With(one, organization, await TokenAsync("user")))
        {
            own = await user.CreateOwnKeyAsync(Permissions.ReadMembers);
        }

        await EndsAsync(own, _ => admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = Roles.User }), HttpStatusCode.Forbidden);
        await (await admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "reader" })).OkAsync();
        await EndsAsync(own, _ => admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { }), HttpStatusCode.Unauthorized);

        async Task<string> TokenAsync(string userName) =>
            (await (await anonymous.PostAsJsonAsync("/login", new { username = userName, password = TestOrganization.Password })).OkAsync()).Access();

        async Task EndsAsync(IssuedKey key, Func<IssuedKey, Task<HttpResponseMessage>> act, HttpStatusCode refusal)
        {
            using var there = With(other, organization, key.Key);
            await Eventually.HoldsAsync(async () => (await there.GetAsync("/members")).IsSuccessStatusCode, "the other process takes the key", Eventually.Soon);
            (await act(key)).EnsureSuccessStatusCode();
            await Eventually.HoldsAsync(async () => (await there.GetAsync("/members")).StatusCode == refusal, "the other process refuses the key", Eventually.Soon);
        }
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_writes_down_what_it_has_counted()
    {
        var organization = await nodes.OrganizationAsync();
        await using var node = await nodes.AnotherAsync();
        IssuedKey key;
        using (var admin = await organization.SignInAsync())
        {
            key = await admin.CreateKeyAsync(Permissions.ReadMembers);
        }

        using var machine = With(node, organization, key.Key);
        for (var i = 0; i < 5; i++)
        {
            await (await machine.GetAsync("/members")).OkAsync();
        }

        Assert.Equal(0, await organization.CountAsync("api_key_usage"));
        Assert.Equal(0, (await node.TerminateAsync(TimeSpan.FromSeconds(20))).ExitCode);
        Assert.Equal([5], await organization.QueryAsync<long>($"SELECT requests FROM api_key_usage WHERE key_id = '{key.Id}'"));
        Assert.Equal(1, await organization.CountAsync("api_keys WHERE last_used_at IS NOT NULL"));
    }

    private static HttpClient With(ApiProcess node, TestOrganization organization, string credential)
    {
        var client = node.ClientFor(organization.Identifier);
        client.DefaultRequestHeaders.Authorization = new("Bearer", credential);
        return client;
    }
}
