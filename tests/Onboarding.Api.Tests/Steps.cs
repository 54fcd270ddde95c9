using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;
using Onboarding.Testing;

namespace Onboarding.Api.Tests;

/// <summary>The single calls of the flow, for tests that leave the main path.</summary>
internal static class Steps
{
    public static Task<HttpResponseMessage> RegisterAsync(this TestOrganization organization, string userName, string? email = null) =>
        organization.Anonymous.PostAsJsonAsync("/register", new { username = userName, email = email ?? organization.EmailOf(userName), full_name = $"Full {userName}" });

    public static Task<HttpResponseMessage> ResendAsync(this TestOrganization organization, string email) =>
        organization.Anonymous.PostAsJsonAsync("/resend-otp", new { email });

    public static Task<HttpResponseMessage> VerifyAsync(this TestOrganization organization, string email, string otp) =>
        organization.Anonymous.PostAsJsonAsync("/verify-otp", new { email, otp });

    public static Task<HttpResponseMessage> SetPasswordAsync(this TestOrganization organization, string token, string password = TestOrganization.Password) =>
        organization.Anonymous.PostAsJsonAsync($"/set-password/{token}", new { password });

    public static Task<HttpResponseMessage> TryLoginAsync(this TestOrganization organization, string userName, string password = TestOrganization.Password) =>
        organization.Anonymous.PostAsJsonAsync("/login", new { username = userName, password });

    public static Task<HttpResponseMessage> RefreshAsync(this TestOrganization organization, string refresh) =>
        organization.Anonymous.PostAsJsonAsync("/refresh", new { refresh });

    public static Task<HttpResponseMessage> LogoutAsync(this TestOrganization organization, string refresh) =>
        organization.Anonymous.PostAsJsonAsync("/logout", new { refresh });

    public static Task<HttpResponseMessage> ForgotPasswordAsync(this TestOrganization organization, string email) =>
        organization.Anonymous.PostAsJsonAsync("/forgot-password", new { email });

    /// <summary>The token of a link to reset this member's password.</summary>
    public static async Task<string> ResetLinkAsync(this TestOrganization organization, string userName) =>
        (await organization.MailOfAsync(organization.EmailOf(userName), () => organization.ForgotPasswordAsync(organization.EmailOf(userName)), "reset-password")).Token();

    public static Task<HttpResponseMessage> ResetPasswordAsync(this TestOrganization organization, string token, string password) =>
        organization.Anonymous.PostAsJsonAsync($"/reset-password/{token}", new { password });

    public static Task<HttpResponseMessage> ChangeEmailAsync(this HttpClient member, string email) =>
        member.PostAsJsonAsync("/me/email", new { email });

    public static Task<HttpResponseMessage> ConfirmEmailAsync(this HttpClient member, string otp) =>
        member.PostAsJsonAsync("/me/email/confirm", new { otp });

    public static Task<HttpResponseMessage> ChangePasswordAsync(this HttpClient member, string password, string current = TestOrganization.Password) =>
        member.PostAsJsonAsync("/me/password", new { current_password = current, password });

    public static string Access(this JsonElement tokens) => tokens.GetProperty("access").GetString()!;

    public static string Refresh(this JsonElement tokens) => tokens.GetProperty("refresh").GetString()!;

    /// <summary>A good answer of <c>/login</c>.</summary>
    public static async Task<JsonElement> TokensAsync(this TestOrganization organization, string userName) =>
        await (await organization.TryLoginAsync(userName)).OkAsync();

    /// <summary>What <c>/me</c> answers to this access token.</summary>
    public static async Task<HttpResponseMessage> MeAsync(this TestOrganization organization, string access, TestApp? node = null)
    {
        using var client = (node ?? organization.App).ClientFor(organization.Identifier);
        client.DefaultRequestHeaders.Authorization = new("Bearer", access);
        return await client.GetAsync("/me");
    }

    /// <summary>The mail that reaches the address because of <paramref name="call"/>, which has to succeed.</summary>
    /// <param name="holds">What its text holds, where others may be on their way as well.</param>
    public static async Task<ReceivedEmail> MailOfAsync(this TestOrganization organization, string email, Func<Task<HttpResponseMessage>> call, string holds = "")
    {
        var before = organization.App.Smtp.For(email).Select(mail => mail.MessageId).ToHashSet();
        (await call()).EnsureSuccessStatusCode();
        return await organization.App.Smtp.WaitForAsync(email, mail => !before.Contains(mail.MessageId) && mail.Text.Contains(holds, StringComparison.Ordinal));
    }

    /// <summary>A six-digit code that is not this one.</summary>
    public static string Other(this string code) => (code[0] == '0' ? '1' : '0') + code[1..];

    /// <summary>The token in a mail with a link to set a password.</summary>
    public static string Token(this ReceivedEmail mail) => mail.Link.Segments[^1];

    /// <summary>Adds somebody who was let in and has the link, but no password yet.</summary>
    public static Task<(Guid Id, string Token)> AddApprovedAsync(this TestOrganization organization, string userName) => organization.RunAsync(async db =>
    {
        var now = organization.App.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var (member, _) = Member.Register(userName, organization.EmailOf(userName), $"Full {userName}", now);
        member.Verify(now);
        member.Approve(Roles.User, by: null, now);
        var (link, token) = PasswordLink.Create(member.Id, LinkPurpose.SetPassword, now);
        db.Members.Add(member);
        db.PasswordLinks.Add(link);
        await db.SaveChangesAsync();
        return (member.Id, token);
    });

    /// <summary>Defines a role of the organization's own; it has to succeed.</summary>
    public static async Task DefineRoleAsync(this HttpClient by, string name, params string[] permissions) =>
        await (await by.PostAsJsonAsync("/roles", new { name, permissions })).OkAsync(HttpStatusCode.Created);

    /// <summary>Invites somebody and returns the token of the mail.</summary>
    public static async Task<string> InviteAsync(this TestOrganization organization, HttpClient by, string email, string role = "user")
    {
        var before = organization.App.Smtp.For(email).Select(mail => mail.MessageId).ToHashSet();
        await (await by.PostAsJsonAsync("/invitations", new { email, role })).OkAsync(HttpStatusCode.Created);
        return (await organization.App.Smtp.WaitForAsync(email, mail => !before.Contains(mail.MessageId) && mail.Text.Contains("/invitations/accept/", StringComparison.Ordinal))).Token();
    }

    public static Task<HttpResponseMessage> AcceptAsync(this TestOrganization organization, string token, string userName, string password = TestOrganization.Password) =>
        organization.Anonymous.PostAsJsonAsync($"/invitations/accept/{token}", new { username = userName, full_name = $"Full {userName}", password });

    /// <summary>Registers an address and proves it; returns the status that is answered.</summary>
    public static async Task<string?> ProveAsync(this TestOrganization organization, string userName, string email)
    {
        // Where the mail goes: a domain outside ASCII is looked up in its ASCII form.
        var to = email[..(email.IndexOf('@', StringComparison.Ordinal) + 1)] + (EmailDomain.Of(email) ?? throw new ArgumentException("No domain.", nameof(email)));
        var before = organization.App.Smtp.For(to).Select(mail => mail.MessageId).ToHashSet();
        (await organization.RegisterAsync(userName, email)).EnsureSuccessStatusCode();
        var mail = await organization.App.Smtp.WaitForAsync(to, mail => !before.Contains(mail.MessageId) && mail.Text.Contains("code", StringComparison.Ordinal));
        return (await (await organization.VerifyAsync(email, mail.Code)).OkAsync()).GetProperty("status").GetString();
    }

    /// <summary>Runs a job of the cluster once, as if its time had come.</summary>
    public static async Task RunJobAsync<TJob>(this TestApp app)
        where TJob : Quartz.IJob =>
        await ActivatorUtilities.CreateInstance<TJob>(app.Services).Execute(null!, CancellationToken.None);

    /// <summary>How many rows a condition has, such as <c>members WHERE status = 'active'</c>.</summary>
    public static async Task<long> CountAsync(this TestOrganization organization, string rows) =>
        (await organization.QueryAsync<long>($"SELECT count(*) FROM {rows}"))[0];

    /// <summary>Returns once every event has been handled and every mail has left or was given up.</summary>
    public static Task SettledAsync(this TestOrganization organization) => Eventually.HoldsAsync(
        async () => await organization.CountAsync($"platform.work WHERE organization_id = '{organization.Organization.Id}'") == 0,
        "the organization has no work left");

    /// <summary>How many of the answers have this status.</summary>
    public static int Count(this IEnumerable<HttpResponseMessage> answers, HttpStatusCode status) => answers.Count(answer => answer.StatusCode == status);
}
