using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>What no client of the contract sends, to every route: always a problem of the 400s with a stable code, never a 500 and never a success.</summary>
public sealed class HostileInputTests(ApiFixture fixture) : IAsyncLifetime
{
    private static readonly string[] Internals = ["Exception", "System.", "Npgsql", "Microsoft", "Onboarding.", "   at "];

    private readonly List<string> wrong = [];
    private string superAdmin = "";

    public async ValueTask InitializeAsync() => superAdmin = await (await Operator.CreateAsync(fixture.App)).TokenAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private IReadOnlyList<ApiRoute> Routes => [.. ApiRoute.AllOf(fixture.App).Where(route => !route.IsDevelopmentOnly)];

    private IEnumerable<ApiRoute> WithBody => Routes.Where(route => route.RequestType is not null);

    [Fact] // SEC-45, SEC-46
    public async Task No_body_but_the_contracts_is_read()
    {
        using var admin = await (await fixture.OrganizationAsync()).SignInAsync();
        foreach (var route in WithBody)
        {
            foreach (var body in Hostile.NoObjects.Concat(Hostile.Spoiled(route)))
            {
                await RequireAsync(admin, route, body.What, () => route.Call(body.Json), HttpStatusCode.BadRequest);
            }
        }

        RequireNothingWrong();
    }

    [Fact] // SEC-36
    public async Task No_body_brings_along_a_member_that_it_does_not_have()
    {
        using var admin = await (await fixture.OrganizationAsync()).SignInAsync();
        foreach (var route in WithBody)
        {
            foreach (var body in Hostile.WithUnknownMembers(route))
            {
                await RequireAsync(admin, route, body.What, () => route.Call(body.Json), HttpStatusCode.BadRequest);
            }
        }

        RequireNothingWrong();
    }

    [Fact] // SEC-45
    public async Task No_other_kind_of_content_is_read()
    {
        using var admin = await (await fixture.OrganizationAsync()).SignInAsync();
        foreach (var route in WithBody)
        {
            var good = JsonSerializer.Serialize(route.Example, route.Json);
            foreach (var type in new[] { "text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream", "application/jsonp" })
            {
                await RequireAsync(admin, route, type, () => route.Call(good, type), HttpStatusCode.UnsupportedMediaType);
            }

            foreach (var (encoding, type) in new[] { (Encoding.Unicode, "application/json; charset=utf-16"), (Encoding.UTF32, "application/json; charset=utf-32"), (Encoding.Latin1, "application/json; charset=iso-8859-1") })
            {
                await RequireAsync(admin, route, type, () => Raw(route, encoding.GetBytes(good), type), HttpStatusCode.UnsupportedMediaType);
            }

            await RequireAsync(admin, route, "no type", () => Raw(route, Encoding.UTF8.GetBytes(good), null), HttpStatusCode.UnsupportedMediaType);
            await RequireAsync(admin, route, "UTF-16 that says nothing", () => Raw(route, Encoding.Unicode.GetBytes(good), "application/json"), HttpStatusCode.BadRequest);
            await RequireAsync(admin, route, "broken UTF-8", () => Raw(route, [.. "{\""u8, 0xC3, 0x28, .. "\": 1}"u8], "application/json"), HttpStatusCode.BadRequest);
            await RequireAsync(admin, route, "an overlong NUL", () => Raw(route, [.. "{\"x"u8, 0xC0, 0x80, .. "\": 1}"u8], "application/json"), HttpStatusCode.BadRequest);
            await RequireAsync(admin, route, "gzip", () => Raw(route, [0x1F, 0x8B, 8, 0, 0], "application/json"), HttpStatusCode.BadRequest);
        }

        RequireNothingWrong();
    }

    [Theory] // SEC-50
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_huge_body_is_refused_whether_it_tells_its_length_or_not(bool tellsLength)
    {
        var organization = await fixture.OrganizationAsync();
        var access = (await organization.TokensAsync("admin")).Access();
        var body = $"{{{new string(' ', 1_000_000)}}}";
        var framed = tellsLength
            ? $"Content-Length: {body.Length}\r\n\r\n{body}"
            : $"Transfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n";
        foreach (var route in WithBody)
        {
            var answer = await RawHttp.SendAsync(fixture.App, $"{route.Method} {route.Path} HTTP/1.1\r\nHost: {organization.Identifier}.localhost\r\nAuthorization: Bearer {(route.IsPlatform ? superAdmin : access)}\r\nContent-Type: application/json\r\n{framed}");
            Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
            Assert.Contains("\"code\":\"request.too_large\"", answer, StringComparison.Ordinal);
        }
    }

    [Fact] // SEC-45
    public async Task No_query_but_the_contracts_is_read()
    {
        using var admin = await (await fixture.OrganizationAsync()).SignInAsync();
        var parameters = QueryParameters().ToList();
        Assert.Contains(parameters, parameter => parameter is { Route.Path: "/audit-log", Name: "from" });
        foreach (var (route, name, type) in parameters)
        {
            var values = new List<string> { "%00", "a%00b", "%FF", "%C0%80", "%ED%A0%80", "%0d%0aX-Injected:%201", "%7f", new('x', 5_000) };
            if (type != typeof(string))
            {
                values.AddRange(["nonsense", "1e3", "0x10", "1,000", "99999999999999999999", "-99999999999999999999", "NaN", "%D9%A3", "%EF%BC%91", "null", "[]", "2026-02-30", "%27", "1;2"]);
            }

            foreach (var value in values)
            {
                await RequireAsync(admin, route, $"?{name}={(value.Length > 40 ? value[..40] : value)}", () => new(HttpMethod.Get, $"{route.Path}?{name}={value}"), HttpStatusCode.BadRequest);
            }

            // Whatever these mean, they break nothing.
            foreach (var value in new[] { "", "%20", "%25", "_", "%5C", "%27", "%27%3B--", "%E2%80%AE", "%F0%9F%98%80", "%EF%B7%BA", "e%CC%81", "%C3%9F", "%EF%BF%BF" })
            {
                await RequireSoundAsync(admin, route, $"?{name}={value}", () => new(HttpMethod.Get, $"{route.Path}?{name}={value}"));
            }

            await RequireSoundAsync(admin, route, $"{name} twice", () => new(HttpMethod.Get, $"{route.Path}?{name}=1&{name}=2"));

            // As often as a server lets into one line.
            await RequireSoundAsync(admin, route, $"{name} again and again", () => new(HttpMethod.Get, $"{route.Path}?{string.Join('&', Enumerable.Repeat($"{name}=", 8_000 / (name.Length + 2)))}"));
        }

        RequireNothingWrong();
    }

    [Fact] // SEC-45
    public async Task No_path_but_the_contracts_is_read()
    {
        using var admin = await (await fixture.OrganizationAsync()).SignInAsync();
        foreach (var route in Routes.Where(route => route.Pattern.Contains('{', StringComparison.Ordinal)))
        {
            foreach (var value in new[] { "%FF", "%C0%80", "%0a", "%7f", "%27%20OR%201=1", "..%2f..%2fetc%2fpasswd", "%2e%2e", "nonsense", new string('x', 3_000), "%E2%80%AE", "0" })
            {
                var path = route.Path.Replace(ApiRoute.SomeId, value, StringComparison.Ordinal);
                if (value == "%2e%2e" && Routes.Any(other => other.Method == route.Method && other.Path == Resolved(path)))
                {
                    continue;
                }

                await RequireAsync(admin, route, path.Length > 80 ? path[..80] : path, () =>
                {
                    var call = route.Call();
                    call.RequestUri = new Uri(fixture.App.Address.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
                    return call;
                });
            }
        }

        RequireNothingWrong();

        // RFC 3986, section 5.2.4: two dots, encoded or not, are what lies above, and that may be a route of its own.
        string Resolved(string path) => new Uri(fixture.App.Address, path).AbsolutePath.TrimEnd('/');
    }

    /// <summary>Odd text in every string: it may be taken or refused, and what was taken can be read again.</summary>
    [Fact] // SEC-45
    public async Task Odd_unicode_breaks_nothing()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        foreach (var route in WithBody)
        {
            foreach (var property in route.Json.GetTypeInfo(route.RequestType!).Properties.Where(property => property.PropertyType == typeof(string)))
            {
                // U+FDFA becomes 18 characters in compatibility form; the others are marks, controls, pairs and no characters at all.
                foreach (var odd in new[] { "\uFDFA", "\u0345", "\uD83D\uDE00", "\uFFFF", "\u0001", "';--" })
                {
                    foreach (var value in new[] { $"abc{odd}", string.Concat(Enumerable.Repeat(odd, 64)) })
                    {
                        var body = JsonSerializer.SerializeToNode(route.Example, route.RequestType!, route.Json)!;
                        body[property.Name] = property.Name == "email" ? $"{value}@{value}.test" : value;
                        await RequireSoundAsync(admin, route, $"{property.Name} = {(int)odd[0]:X4}, {value.Length} long", () => route.Call(body.ToJsonString()));
                    }
                }
            }
        }

        foreach (var list in QueryParameters().Select(parameter => parameter.Route).Distinct())
        {
            await RequireSoundAsync(admin, list, "read again", () => list.Call());
        }

        RequireNothingWrong();
    }

    [Fact] // SEC-45
    public async Task Odd_headers_break_nothing()
    {
        var organization = await fixture.OrganizationAsync();

        // Cut to 200 characters, the last one would be half of a pair.
        foreach (var agent in new[] { new string('x', 199) + "\uD83D\uDE00", new string('\uFDFA', 300), "'; DROP TABLE members;--", "\uFFFF\u202E", "" })
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 }) { BaseAddress = fixture.App.Address };
            using var call = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = new StringContent($$"""{"username": "user", "password": "{{TestOrganization.Password}}"}""", Encoding.UTF8, "application/json") };
            call.Headers.Host = $"{organization.Identifier}.localhost";
            call.Headers.TryAddWithoutValidation("User-Agent", agent);
            call.Headers.TryAddWithoutValidation("traceparent", agent.Length > 100 ? "00-00000000000000000000000000000000-0000000000000000-00" : agent);
            await (await client.SendAsync(call)).OkAsync();
        }

        using var user = await organization.SignInAsync("user");
        Assert.Equal(6, (await Paged.AllAsync(user, "/me/sessions", 100)).Count);
    }

    // What the server itself refuses carries no body: it was never a request.
    [Theory] // SEC-45, SEC-50
    [InlineData("GET /me HTTP/1.1\r\nHost: a.localhost\r\nX-Huge: {0}\r\n\r\n", 20_000, 431)]
    [InlineData("GET /me?x={0} HTTP/1.1\r\nHost: a.localhost\r\n\r\n", 20_000, 414)]
    [InlineData("GET /me HTTP/1.1\r\n\r\n", 0, 400)]
    [InlineData("GET /me HTTP/1.1\r\nHost: a.localhost\r\nHost: b.localhost\r\n\r\n", 0, 400)]
    [InlineData("GET /me HTTP/1.1\r\nHost: a;b.localhost\r\n\r\n", 0, 400)]
    [InlineData("GET /me\0 HTTP/1.1\r\nHost: a.localhost\r\n\r\n", 0, 400)]
    [InlineData("POST /set-password/%00 HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 0\r\n\r\n", 0, 400)]
    [InlineData("GET /members/a%00b HTTP/1.1\r\nHost: a.localhost\r\n\r\n", 0, 400)]
    [InlineData("GET /me HTTP/1.1\r\nHost: a.localhost\r\nX-Tenant: a\0b\r\n\r\n", 0, 400)]
    [InlineData("POST /login HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: -1\r\n\r\n", 0, 400)]
    [InlineData("nonsense\r\n\r\n", 0, 400)]
    public async Task What_is_no_proper_http_is_refused(string request, int filler, int status)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", await RawHttp.SendAsync(fixture.App, request.Replace("{0}", new string('x', filler), StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private IEnumerable<(ApiRoute Route, string Name, Type Type)> QueryParameters()
    {
        var described = fixture.App.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>().ApiDescriptionGroups.Items.SelectMany(group => group.Items).ToList();
        foreach (var route in Routes.Where(route => route.Method == "GET"))
        {
            foreach (var parameter in described.Where(d => d.HttpMethod == "GET" && "/" + d.RelativePath == RoutePattern(route)).SelectMany(d => d.ParameterDescriptions).Where(p => p.Source == BindingSource.Query))
            {
                // The explorer takes what has a TryParse for text; what the record declares tells more.
                var declared = parameter.ParameterDescriptor?.ParameterType ?? parameter.ModelMetadata?.ModelType ?? parameter.Type;
                yield return (route, parameter.Name, Nullable.GetUnderlyingType(declared) ?? declared);
            }
        }

        static string RoutePattern(ApiRoute route) => "/" + string.Join('/', RoutePatternFactory.Parse(route.Pattern).PathSegments.Select(segment =>
            string.Concat(segment.Parts.Select(part => part is RoutePatternParameterPart parameter ? $"{{{parameter.Name}}}" : ((RoutePatternLiteralPart)part).Content))));
    }

    private static HttpRequestMessage Raw(ApiRoute route, byte[] body, string? type)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return new(new HttpMethod(route.Method), route.Path) { Content = content };
    }

    /// <summary>A problem of this status, or of any in the 400s.</summary>
    private async Task RequireAsync(HttpClient client, ApiRoute route, string what, Func<HttpRequestMessage> call, HttpStatusCode? status = null)
    {
        using var request = call();
        using var answer = await SendAsync(client, route, request);
        var body = await answer.Content.ReadAsStringAsync();
        if (Unsound(answer, body) is { } why || (why = (int)answer.StatusCode is < 400 or > 499 || (status is not null && answer.StatusCode != status) ? "" : null) is not null)
        {
            wrong.Add($"{route} with {what}: {why} {(int)answer.StatusCode} {body}");
        }
    }

    private async Task RequireSoundAsync(HttpClient client, ApiRoute route, string what, Func<HttpRequestMessage> call)
    {
        using var request = call();
        using var answer = await SendAsync(client, route, request);
        var body = await answer.Content.ReadAsStringAsync();
        if (Unsound(answer, body) is { } why)
        {
            wrong.Add($"{route} with {what}: {why} {(int)answer.StatusCode} {body}");
        }
    }

    // What belongs to the platform is asked by somebody who may; but not what would end the session for everything after it.
    private Task<HttpResponseMessage> SendAsync(HttpClient client, ApiRoute route, HttpRequestMessage request)
    {
        request.Headers.Authorization = route.IsPlatform && route.Path != "/platform/logout" ? new("Bearer", superAdmin) : request.Headers.Authorization;
        return client.SendAsync(request);
    }

    /// <summary>Why it is no answer of this product; null when it is one.</summary>
    private static string? Unsound(HttpResponseMessage answer, string body)
    {
        if ((int)answer.StatusCode < 400)
        {
            return null;
        }

        if (answer.StatusCode >= HttpStatusCode.InternalServerError || answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return "no problem of the client's:";
        }

        using var problem = JsonDocument.Parse(body);
        return !problem.RootElement.TryGetProperty("code", out var code) || code.GetString() is not { Length: > 0 } ? "no code:"
            : !answer.Headers.Contains("X-Request-Id") ? "no request id:"
            : Internals.FirstOrDefault(body.Contains) is { } internals ? $"tells of {internals}:"
            : null;
    }

    private void RequireNothingWrong() => Assert.True(wrong.Count == 0, $"{wrong.Count} answers:\n{string.Join('\n', wrong.Take(12))}");
}
