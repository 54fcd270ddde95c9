using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Testing;

/// <summary>A fresh organization with an admin and a user: the isolation between two tests.</summary>
public sealed class TestOrganization
{
    /// <summary>Password of everybody in it.</summary>
    public const string Password = "four quiet herons at dusk";

    private static int created;

    private TestOrganization(TestApp app, Organization organization)
    {
        App = app;
        Organization = organization;
        Anonymous = app.ClientFor(organization.Identifier);
    }

    /// <summary>The product that it lives in.</summary>
    public TestApp App { get; }

    /// <summary>Its entry in the catalogue.</summary>
    public Organization Organization { get; }

    /// <summary>Its identifier.</summary>
    public string Identifier => Organization.Identifier;

    /// <summary>A client of its host without any credential.</summary>
    public HttpClient Anonymous { get; }

    /// <summary>Id of its admin, user name <c>admin</c>.</summary>
    public Guid AdminId { get; private set; }

    /// <summary>Id of its user, user name <c>user</c>.</summary>
    public Guid UserId { get; private set; }

    /// <summary>Provisions a new organization.</summary>
    public static async Task<TestOrganization> CreateAsync(TestApp app, string? identifier = null, string plan = "premium")
    {
        var services = app.Services;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        identifier ??= $"org-{Interlocked.Increment(ref created)}-{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}";
        var organization = Organization.Register(identifier, $"Name of {identifier}", plan, now);
        await using (var platform = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync())
        {
            platform.Organizations.Add(organization);
            await platform.SaveChangesAsync();
        }

        await services.GetRequiredService<ProvisionOrganization>().RunAsync(organization, CancellationToken.None);
        var result = new TestOrganization(app, organization);
        result.AdminId = await result.AddActiveAsync("admin", Roles.Admin);
        result.UserId = await result.AddActiveAsync("user", Roles.User);
        return result;
    }

    /// <summary>An organization that was made by other means, such as an import.</summary>
    public static TestOrganization Of(TestApp app, Organization organization) => new(app, organization);

    /// <summary>Runs work in its own scope, as the queue and jobs do.</summary>
    public Task<T> RunAsync<T>(Func<TenantDbContext, Task<T>> work) =>
        App.Services.GetRequiredService<TenantScope>().RunAsync(Organization, services => work(services.GetRequiredService<TenantDbContext>()));

    /// <summary>Adds a member who can sign in with <see cref="Password"/>.</summary>
    public Task<Guid> AddActiveAsync(string userName, string role) => AddAsync(userName, member =>
    {
        var now = App.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        member.Verify(now);
        member.Approve(role, by: null, now);
        member.Activate(App.HashOf(Password), now);
    });

    /// <summary>Adds somebody who waits in the queue.</summary>
    public Task<Guid> AddPendingAsync(string userName) =>
        AddAsync(userName, member => member.Verify(App.Services.GetRequiredService<TimeProvider>().GetUtcNow()));

    /// <summary>Address of a member added here.</summary>
    public string EmailOf(string userName) => $"{userName}@{Identifier}.test";

    /// <summary>A signed-in client of its host.</summary>
    public async Task<HttpClient> SignInAsync(string userName = "admin")
    {
        var tokens = await LoginAsync(userName);
        return WithToken(tokens.GetProperty("access").GetString()!);
    }

    /// <summary>A client of its host with this access token.</summary>
    public HttpClient WithToken(string accessToken)
    {
        var client = App.ClientFor(Identifier);
        client.DefaultRequestHeaders.Authorization = new("Bearer", accessToken);
        return client;
    }

    /// <summary>Signs in and returns the answer: <c>access</c>, <c>refresh</c>, ...</summary>
    public async Task<JsonElement> LoginAsync(string userName, string password = Password)
    {
        using var response = await Anonymous.PostAsJsonAsync("/login", new { username = userName, password });
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>Takes a new person through the whole flow up to a proven address; returns the member's id.</summary>
    public async Task<Guid> RegisterAndVerifyAsync(string userName)
    {
        var email = EmailOf(userName);
        (await Anonymous.PostAsJsonAsync("/register", new { username = userName, email, full_name = $"Full {userName}" })).EnsureSuccessStatusCode();
        var mail = await App.Smtp.WaitForAsync(email);
        (await Anonymous.PostAsJsonAsync("/verify-otp", new { email, otp = mail.Code })).EnsureSuccessStatusCode();
        return await RunAsync(db => db.Members.Where(m => m.NormalizedEmail == Member.Normalize(email)).Select(m => m.Id).SingleAsync());
    }

    /// <summary>Runs SQL as the owner, with this organization's schema as search path; returns the first column of all rows.</summary>
    public Task<IReadOnlyList<T>> QueryAsync<T>(string sql) => App.Database.QueryAsync<T>(sql, Organization.Schema);

    private Task<Guid> AddAsync(string userName, Action<Member> advance) => RunAsync(async db =>
    {
        var (member, registered) = Member.Register(userName, EmailOf(userName), $"Full {userName}", App.Services.GetRequiredService<TimeProvider>().GetUtcNow());
        advance(member);
        db.Members.Add(member);
        db.Audit(registered.Type, Actor.System, member.Id, note: null, registered.OccurredAt);
        await db.SaveChangesAsync();
        return member.Id;
    });
}
