using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Api.Tests.Faults;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Members;

/// <summary>What one process of the product does to somebody's rights, another refuses soon (SEC-24).</summary>
[Collection(KilledNodesCollection.Name)]
public sealed class TwoProcessesTests(Nodes nodes)
{
    [Fact] // SEC-24
    public async Task Signing_out_a_new_role_suspension_and_removal_in_one_process_are_refused_in_the_other()
    {
        var organization = await nodes.OrganizationAsync();
        var one = await nodes.NodeAsync();
        await using var other = await nodes.AnotherAsync();
        using var anonymous = one.ClientFor(organization.Identifier);
        using var admin = Signed(one, organization, (await SignInAsync("admin")).Access());
        await (await admin.PostAsJsonAsync("/roles", new { name = "reader", permissions = new[] { Permissions.ReadMembers } })).OkAsync(HttpStatusCode.Created);

        await EndsAsync(tokens => anonymous.PostAsJsonAsync("/logout", new { refresh = tokens.Refresh() }));
        await EndsAsync(_ => admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role = "reader" }));
        await LosesAsync();
        await EndsAsync(_ => admin.PostAsJsonAsync($"/members/{organization.UserId}/suspend", new { }));
        (await admin.PostAsync($"/members/{organization.UserId}/reactivate", null)).EnsureSuccessStatusCode();
        await EndsAsync(_ => admin.DeleteAsync($"/members/{organization.UserId}"));

        // The admin's own session lives on in both.
        using var elsewhere = Signed(other, organization, admin.DefaultRequestHeaders.Authorization!.Parameter!);
        await (await elsewhere.GetAsync("/me")).OkAsync();

        async Task<JsonElement> SignInAsync(string userName) =>
            await (await anonymous.PostAsJsonAsync("/login", new { username = userName, password = TestOrganization.Password })).OkAsync();

        async Task EndsAsync(Func<JsonElement, Task<HttpResponseMessage>> act)
        {
            var tokens = await SignInAsync("user");
            using var there = Signed(other, organization, tokens.Access());
            await (await there.GetAsync("/me")).OkAsync();
            (await act(tokens)).EnsureSuccessStatusCode();
            await Eventually.HoldsAsync(async () => (await there.GetAsync("/me")).StatusCode == HttpStatusCode.Unauthorized, "the other process refuses the token", Eventually.Soon);
            using var again = other.ClientFor(organization.Identifier);
            Assert.Equal("refresh.invalid", await (await again.PostAsJsonAsync("/refresh", new { refresh = tokens.Refresh() })).CodeAsync(HttpStatusCode.Unauthorized));
        }

        // The session lives on; what its role allowed does not.
        async Task LosesAsync()
        {
            using var there = Signed(other, organization, (await SignInAsync("user")).Access());
            await Eventually.HoldsAsync(async () => (await there.GetAsync("/members")).IsSuccessStatusCode, "the other process knows the role");
            await (await admin.PatchAsJsonAsync("/roles/reader", new { permissions = Array.Empty<string>() })).OkAsync();
            await Eventually.HoldsAsync(async () => (await there.GetAsync("/members")).StatusCode == HttpStatusCode.Forbidden, "the other process knows that the role allows less", Eventually.Soon);
            await (await there.GetAsync("/me")).OkAsync();
        }
    }

    private static HttpClient Signed(ApiProcess node, TestOrganization organization, string access)
    {
        var client = node.ClientFor(organization.Identifier);
        client.DefaultRequestHeaders.Authorization = new("Bearer", access);
        return client;
    }
}
