using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>What every answer carries, good or bad, and what no answer tells.</summary>
public sealed class ResponseHeadersTests(ApiFixture fixture)
{
    [Fact] // SEC-43, SEC-44
    public async Task Every_answer_carries_the_security_headers_and_its_request_id()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var paths = new List<(HttpMethod Method, string Path)> { (HttpMethod.Get, "/nowhere"), (HttpMethod.Delete, "/login"), (HttpMethod.Trace, "/login"), (HttpMethod.Get, "/members/%FF") };
        paths.AddRange(ApiRoute.AllOf(fixture.App).Where(route => !route.IsDevelopmentOnly).Select(route => (new HttpMethod(route.Method), route.Path)));
        foreach (var (method, path) in paths)
        {
            foreach (var client in new[] { admin, organization.Anonymous })
            {
                using var call = new HttpRequestMessage(method, path);
                using var answer = await client.SendAsync(call);
                var where = $"{method} {path}: {(int)answer.StatusCode}";
                RequireHeader(answer, where, "X-Content-Type-Options", "nosniff");
                RequireHeader(answer, where, "X-Frame-Options", "DENY");
                RequireHeader(answer, where, "Referrer-Policy", "no-referrer");
                RequireHeader(answer, where, "Content-Security-Policy", "default-src 'none'");
                RequireHeader(answer, where, "Content-Security-Policy", "frame-ancestors 'none'");
                RequireHeader(answer, where, "Cache-Control", path == "/.well-known/jwks.json" && answer.IsSuccessStatusCode ? "max-age" : "no-store");
                RequireHeader(answer, where, "X-Request-Id", "");
                Assert.False(answer.Headers.Contains("Server") || answer.Headers.Contains("X-Powered-By") || answer.Headers.Contains("Set-Cookie"), where);
            }
        }
    }

    [Fact] // SEC-47
    public async Task Trace_and_methods_that_nobody_knows_are_refused_everywhere()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        foreach (var path in ApiRoute.AllOf(fixture.App).Select(route => route.Path).Append("/").Append("/swagger").Distinct())
        {
            foreach (var method in new[] { "TRACE", "TRACK", "CONNECT2", "PROPFIND", "get" })
            {
                using var call = new HttpRequestMessage(new HttpMethod(method), path);
                call.Headers.Add("X-Echo", "canary");
                using var answer = await admin.SendAsync(call);
                Assert.True(answer.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotFound || method == "get", $"{method} {path}: {(int)answer.StatusCode}");
                Assert.DoesNotContain("canary", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
        }
    }

    // A form of another site can send neither a custom method nor a header; it must not get by with an override.
    [Fact] // SEC-47
    public async Task A_header_does_not_make_one_method_of_another()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        foreach (var header in new[] { "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override" })
        {
            using var call = new HttpRequestMessage(HttpMethod.Post, "/me?_method=PATCH") { Content = new StringContent("""{"full_name": "Overridden"}""", System.Text.Encoding.UTF8, "application/json") };
            call.Headers.Add(header, "PATCH");
            Assert.Equal("method.not_allowed", await (await admin.SendAsync(call)).CodeAsync(HttpStatusCode.MethodNotAllowed));
        }
    }

    private static void RequireHeader(HttpResponseMessage answer, string where, string name, string holds) => Assert.True(
        answer.Headers.TryGetValues(name, out var values) && string.Join(", ", values).Contains(holds, StringComparison.Ordinal), $"{where}: {name} does not hold {holds}");
}
