using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignUps;

/// <summary>The calls by which a stranger founds an organization.</summary>
internal static class SignUpSteps
{
    private static int made;

    /// <summary>An identifier that nobody has, and that looks like nobody's.</summary>
    public static string NewIdentifier() => $"stranger-{Interlocked.Increment(ref made)}-{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}";

    public static Task<HttpResponseMessage> CreateAsync(this HttpClient bare, string identifier, string email, string userName = "ada", string name = "Strangers") =>
        bare.PostAsJsonAsync("/organizations", new { name, identifier, username = userName, email, full_name = "Ada Lovelace" });

    public static Task<HttpResponseMessage> VerifyAsync(this HttpClient bare, string identifier, string email, string otp) =>
        bare.PostAsJsonAsync("/organizations/verify", new { identifier, email, otp });

    public static Task<HttpResponseMessage> LookUpAsync(this HttpClient bare, string identifier) => bare.GetAsync($"/organizations/{identifier}");

    /// <summary>Asks for an organization and returns the code of the mail.</summary>
    public static async Task<string> CodeForAsync(this HttpClient bare, TestSmtpServer smtp, string identifier, string email, string userName = "ada")
    {
        var before = smtp.For(email).Select(mail => mail.MessageId).ToHashSet();
        await (await bare.CreateAsync(identifier, email, userName)).OkAsync(HttpStatusCode.Accepted);
        return (await smtp.WaitForAsync(email, mail => !before.Contains(mail.MessageId))).Code;
    }

    /// <summary>Follows the link of the founder's mail and signs in at the organization's host.</summary>
    public static async Task<JsonElement> FounderSignsInAsync(HttpClient host, TestSmtpServer smtp, string email, string userName = "ada")
    {
        var mail = await smtp.WaitForAsync(email, mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal));
        await (await host.PostAsJsonAsync($"/set-password/{mail.Token()}", new { password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);
        return await (await host.PostAsJsonAsync("/login", new { username = userName, password = TestOrganization.Password })).OkAsync();
    }
}
