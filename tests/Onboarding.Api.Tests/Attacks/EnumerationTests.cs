using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Nobody learns from an answer, or from how long it took, whether an address is known (SEC-12).</summary>
public sealed partial class EnumerationTests(ApiFixture fixture)
{
    private const int Calls = 50;

    private static readonly string[] KnownNames = ["user", "waiting", "unproven", "approved", "admin"];

    public static TheoryData<string> Routes => ["/register", "/resend-otp", "/verify-otp", "/login", "/forgot-password"];

    [Theory, MemberData(nameof(Routes))] // SEC-12
    public async Task Known_and_unknown_get_the_same_status_body_and_headers(string route)
    {
        var organization = await PeopledAsync();
        var unknown = await AnswerAsync(organization, route, "nobody");
        foreach (var name in KnownNames)
        {
            Assert.Equal(unknown, await AnswerAsync(organization, route, name));
        }
    }

    [Theory, MemberData(nameof(Routes))] // SEC-12
    public async Task Known_and_unknown_take_equally_long(string route)
    {
        var organization = await PeopledAsync();
        var known = route switch { "/register" => "waiting", "/login" or "/forgot-password" => "user", _ => "unproven" };
        for (var i = 0; i < 5; i++)
        {
            await AnswerAsync(organization, route, known);
            await AnswerAsync(organization, route, $"warm-up-{i}");
        }

        // A difference that is in the code shows in every round; the machine's moods do not.
        var rounds = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            var (ofKnown, ofUnknown) = (new List<double>(), new List<double>());
            for (var i = 0; i < Calls; i++)
            {
                ofKnown.Add(await TimeAsync(organization, route, known));
                ofUnknown.Add(await TimeAsync(organization, route, $"nobody-{round}-{i}"));
            }

            var (one, other) = (Median(ofKnown), Median(ofUnknown));
            if (Math.Abs(one - other) < Math.Max(5, 0.4 * Math.Max(one, other)))
            {
                return;
            }

            rounds.Add($"{one:0.0} ms known, {other:0.0} ms unknown");
        }

        Assert.Fail($"{route} tells who is known: {string.Join("; ", rounds)}");
    }

    private async Task<TestOrganization> PeopledAsync()
    {
        var organization = await fixture.OrganizationWithThoroughHashesAsync();
        await organization.AddPendingAsync("waiting");
        await organization.AddApprovedAsync("approved");
        await organization.EnableMfaAsync("admin");
        await organization.MailOfAsync(organization.EmailOf("unproven"), () => organization.RegisterAsync("unproven"));
        return organization;
    }

    private static Task<HttpResponseMessage> CallAsync(TestOrganization organization, string route, string name)
    {
        var email = organization.EmailOf(name);
        object body = route switch
        {
            "/register" => new { username = "same", email, full_name = "Same Name" },
            "/resend-otp" or "/forgot-password" => new { email },
            "/verify-otp" => new { email, otp = "not-it" },
            _ => new { username = email, password = "wrong wrong wrong wrong" },
        };
        return organization.Anonymous.PostAsJsonAsync(route, body);
    }

    private static async Task<double> TimeAsync(TestOrganization organization, string route, string name)
    {
        var started = Stopwatch.GetTimestamp();
        using var answer = await CallAsync(organization, route, name);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task<string> AnswerAsync(TestOrganization organization, string route, string name)
    {
        using var answer = await CallAsync(organization, route, name);
        var headers = answer.Headers.Concat(answer.Content.Headers)
            .Where(h => h.Key != "Date")
            .Select(h => $"{h.Key}: {TraceId().Replace(string.Join(',', h.Value), "trace")}");
        var body = TraceId().Replace(await answer.Content.ReadAsStringAsync(), "trace");
        return $"{(int)answer.StatusCode}\n{string.Join('\n', headers)}\nDate {answer.Headers.Date is not null}\n{body}";
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex TraceId();
}
