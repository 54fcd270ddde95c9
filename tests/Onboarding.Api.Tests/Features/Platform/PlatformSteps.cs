using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Platform;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>Somebody who runs the platform, for one test.</summary>
/// <param name="Id">Of the account.</param>
/// <param name="UserName">Nobody else's.</param>
internal sealed record Operator(TestApp App, Guid Id, string UserName)
{
    public const string Password = "nine copper kettles humming";

    private static int made;

    /// <summary>A new account.</summary>
    /// <param name="change">What else is done with it before it is stored.</param>
    public static async Task<Operator> CreateAsync(TestApp app, Action<SuperAdmin>? change = null)
    {
        var services = app.Services;
        var hash = services.GetRequiredService<IPasswordHasher<Member>>().HashPassword(null!, Password);
        var admin = SuperAdmin.Create($"operator-{Interlocked.Increment(ref made)}-{Path.GetRandomFileName()[..6]}", hash, services.GetRequiredService<TimeProvider>().GetUtcNow());
        change?.Invoke(admin);
        await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
        db.SuperAdmins.Add(admin);
        await db.SaveChangesAsync();
        return new(app, admin.Id, admin.UserName);
    }

    /// <summary>A client of the bare domain with a token of a new account.</summary>
    public static async Task<HttpClient> SignInAsync(TestApp app) => WithToken(app, await (await CreateAsync(app)).TokenAsync());

    public static HttpClient WithToken(TestApp app, string token)
    {
        var client = app.ClientFor(null);
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public async Task<HttpResponseMessage> TryLoginAsync(string password = Password, string? code = null)
    {
        using var client = App.ClientFor(null);
        return await client.PostAsJsonAsync("/platform/login", new { username = UserName, password, code });
    }

    public async Task<string> TokenAsync(string? code = null) => (await (await TryLoginAsync(code: code)).OkAsync()).Access();
}

internal static class PlatformSteps
{
    public static Task<HttpResponseMessage> EnterAsync(this HttpClient superAdmin, TestOrganization organization, bool write = false) =>
        superAdmin.PostAsJsonAsync($"/platform/organizations/{organization.Organization.Id}/access", new { reason = "Ticket 4711: approvals seem stuck.", write });

    /// <summary>A client of the organization's host that acts in it.</summary>
    public static async Task<HttpClient> ActAsync(this HttpClient superAdmin, TestOrganization organization, bool write = false) =>
        organization.WithToken((await (await superAdmin.EnterAsync(organization, write)).OkAsync()).Access());

    public static Task<HttpResponseMessage> SuspendAsync(this HttpClient superAdmin, TestOrganization organization) =>
        superAdmin.PostAsJsonAsync($"/platform/organizations/{organization.Organization.Id}/suspend", new { reason = "Three invoices are open." });

    public static Task<HttpResponseMessage> ReactivateAsync(this HttpClient superAdmin, TestOrganization organization) =>
        superAdmin.PostAsync($"/platform/organizations/{organization.Organization.Id}/reactivate", null);

    public static async Task<IReadOnlyList<JsonElement>> AuditAsync(this HttpClient superAdmin, TestOrganization organization) =>
        [.. (await (await superAdmin.GetAsync($"/platform/audit-log?organization={organization.Organization.Id}")).OkAsync()).GetProperty("data").EnumerateArray()];
}
