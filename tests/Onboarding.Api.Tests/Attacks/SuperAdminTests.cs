using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Platform;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Who runs the platform is nobody in an organization.</summary>
public sealed class SuperAdminTests(ApiFixture fixture)
{
    [Fact] // SEC-37
    public async Task A_super_admins_name_and_password_sign_in_to_no_organization()
    {
        var organization = await fixture.OrganizationAsync();
        const string Secret = "nine copper kettles humming";
        var name = $"operator-{organization.Identifier}";
        await using (var db = await fixture.App.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            db.SuperAdmins.Add(SuperAdmin.Create(name, fixture.App.Services.GetRequiredService<IPasswordHasher<Member>>().HashPassword(null!, Secret), TimeProvider.System.GetUtcNow()));
            await db.SaveChangesAsync();
        }

        Assert.Equal("login.invalid", await (await organization.TryLoginAsync(name, Secret)).CodeAsync(HttpStatusCode.Unauthorized));
    }

    [Fact] // SEC-37
    public async Task A_token_for_the_platform_is_none_for_an_organization_and_its_role_has_no_rights_there()
    {
        var organization = await fixture.OrganizationAsync();
        var good = (await organization.TokensAsync("user")).Access();
        foreach (var (issuer, audience) in new[] { ("http://localhost", "platform"), ("http://localhost", organization.Organization.Id), ("http://platform.localhost", "super_admin") })
        {
            var token = Forgery.Of(fixture.App, good);
            (token.Payload["iss"], token.Payload["aud"], token.Payload["role"]) = (issuer, audience, "super_admin");
            Assert.Equal("tenant.mismatch", await (await organization.MeAsync(token.Signed())).CodeAsync(HttpStatusCode.Unauthorized));
        }

        // Even under the organization's own name it opens no route that asks for a permission.
        foreach (var role in new[] { "super_admin", "Admin", "ADMIN", "admin ", "admin,user", "owner", "" })
        {
            var token = Forgery.Of(fixture.App, good);
            token.Payload["role"] = role;
            using var client = organization.WithToken(token.Signed());
            foreach (var route in ApiRoute.AllOf(fixture.App).Where(route => route is { Policies.Count: > 0, IsPlatform: false }))
            {
                using var call = route.Call();
                Assert.Equal((role, $"{route}", "permission.denied"), (role, $"{route}", await (await client.SendAsync(call)).CodeAsync(HttpStatusCode.Forbidden)));
            }
        }
    }

    [Theory] // SEC-37
    [InlineData("super_admin")]
    [InlineData("Admin")]
    [InlineData("root")]
    public async Task Nobody_can_be_given_a_role_of_the_platform(string role)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var waiting = await organization.AddPendingAsync("ada");
        Assert.Equal("role.unknown", await (await admin.PutAsJsonAsync($"/members/{organization.UserId}/role", new { role })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("role.unknown", await (await admin.PostAsJsonAsync($"/members/{waiting}/approve", new { role })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("role.unknown", await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id = waiting, action = "approve", role })).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync($"members WHERE role = '{role}'"));
    }
}
