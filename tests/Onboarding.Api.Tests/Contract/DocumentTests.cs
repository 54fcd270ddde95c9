using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Contract;

public sealed class DocumentTests(ApiFixture fixture, ApiDocument document) : IClassFixture<ApiDocument>
{
    private static readonly string[] CredentialErrors = ["credentials.required", "token.invalid", "tenant.mismatch"];
    private static readonly string[] TenantErrors = ["tenant.required", "tenant.ambiguous"];
    private static readonly string[] Tags = ["Auth", "Admin", "Organizations", "Members", "Api keys", "Webhooks", "Billing", "Platform"];

    /// <summary>The codes that the design promises, beside those that follow from what guards an endpoint.</summary>
    public static readonly TheoryData<string, string, int, string[]> Promised = new()
    {
        { "POST", "/verify-otp", 400, ["otp.invalid"] },
        { "POST", "/set-password/{id}", 400, ["password.weak"] },
        { "POST", "/set-password/{id}", 404, ["link.invalid"] },
        { "POST", "/set-password/{id}", 429, ["rate_limit.exceeded", "server.busy"] },
        { "POST", "/login", 401, ["login.invalid"] },
        { "POST", "/login", 429, ["rate_limit.exceeded", "server.busy"] },
        { "POST", "/reset-password/{token}", 400, ["password.weak"] },
        { "POST", "/reset-password/{token}", 404, ["link.invalid"] },
        { "POST", "/reset-password/{token}", 429, ["rate_limit.exceeded", "server.busy"] },
        { "POST", "/me/email", 403, ["reauthentication.required"] },
        { "POST", "/me/email/confirm", 400, ["otp.invalid"] },
        { "POST", "/me/email/confirm", 409, ["email.taken"] },
        { "POST", "/me/password", 400, ["password.wrong", "password.weak"] },
        { "POST", "/me/password", 403, ["reauthentication.required"] },
        { "POST", "/login/mfa", 401, ["mfa.invalid", "mfa_token.invalid"] },
        { "POST", "/login/mfa", 429, ["mfa.locked", "rate_limit.exceeded"] },
        { "DELETE", "/me/mfa/totp", 403, ["reauthentication.required"] },
        { "DELETE", "/me/mfa/totp", 409, ["mfa.required"] },
        { "GET", "/members", 403, ["mfa.setup_required"] },
        { "POST", "/members/{id}/reset-mfa", 403, ["member.self"] },
        { "POST", "/refresh", 401, ["refresh.invalid", "refresh.reused"] },
        { "PATCH", "/admin-dashboard", 404, ["member.not_found"] },
        { "PATCH", "/admin-dashboard", 409, ["member.already_decided"] },
        { "POST", "/members/{id}/approve", 409, ["member.already_decided"] },
        { "POST", "/members/{id}/reject", 404, ["member.not_found"] },
        { "DELETE", "/members/{id}", 409, ["member.last_admin"] },
        { "POST", "/approval-rules", 400, ["domain.public"] },
        { "POST", "/invitations", 409, ["member.exists"] },
        { "POST", "/invitations/accept/{token}", 404, ["link.invalid"] },
        { "POST", "/invitations/accept/{token}", 409, ["username.taken"] },
        { "PUT", "/members/{id}/role", 409, ["member.last_admin"] },
        { "POST", "/members/{id}/suspend", 409, ["member.last_admin"] },
        { "POST", "/api-keys", 403, ["permission.not_grantable", "permission.denied", "session.required", "reauthentication.required"] },
        { "PATCH", "/api-keys/{id}", 403, ["reauthentication.required"] },
        { "POST", "/me/api-keys/{id}/rotate", 403, ["session.required", "reauthentication.required"] },
        { "POST", "/api-keys", 409, ["quota.api_keys"] },
        { "DELETE", "/api-keys/{id}", 404, ["api_key.not_found"] },
        { "GET", "/me/api-keys", 403, ["session.required"] },
    };

    [Fact]
    public void The_tags_are_those_of_the_design_in_its_order_and_every_operation_has_one_of_them()
    {
        Assert.Equal(Tags, document.Root["tags"]!.AsArray().Select(tag => (string)tag!["name"]!));
        Assert.All(document.Root["tags"]!.AsArray(), tag => Assert.NotEmpty((string)tag!["description"]!));
        Assert.All(document.Operations, operation => Assert.Contains((string)Assert.Single(operation.Node["tags"]!.AsArray())!, Tags));
    }

    [Fact]
    public void Every_operation_has_a_summary_and_a_name_and_every_parameter_a_description()
    {
        Assert.All(document.Operations, operation =>
        {
            Assert.NotEmpty((string?)operation.Node["summary"] ?? "");
            Assert.Matches("^[a-z][A-Za-z0-9]+$", (string?)operation.Node["operationId"]);
            Assert.All(Parameters(operation).Where(parameter => (string)parameter["in"]! != "path"), parameter =>
                Assert.NotEmpty((string?)parameter["description"] ?? ""));
        });
    }

    [Fact]
    public void Every_body_has_a_schema_and_an_example()
    {
        Assert.All(document.Operations, operation =>
        {
            var successes = operation.Responses.Where(response => response.Key.StartsWith('2')).ToList();
            Assert.NotEmpty(successes);
            var bodies = (operation.RequestContent ?? []).Concat(successes.SelectMany(response => response.Value!["content"]?.AsObject() ?? [])).ToList();
            Assert.All(bodies, body =>
            {
                Assert.NotNull(body.Value!["schema"]);
                Assert.True(body.Value["example"] is not null || body.Value["examples"] is JsonObject { Count: > 0 }, $"{operation} has no example.");
            });
        });
    }

    [Fact]
    public void Every_error_is_a_problem_and_lists_its_codes()
    {
        Assert.All(document.Operations, operation => Assert.All(operation.Responses.Where(response => response.Key[0] is '4' or '5'), response =>
        {
            var (type, media) = Assert.Single(response.Value!["content"]!.AsObject());
            Assert.Equal("application/problem+json", type);
            Assert.Equal("#/components/schemas/Problem", (string?)media!["schema"]!["$ref"]);
            var examples = media["examples"]!.AsObject();
            Assert.NotEmpty(examples);
            Assert.All(examples, example =>
            {
                Assert.Equal(example.Key, (string?)example.Value!["value"]!["code"]);
                Assert.Equal($"urn:problem:{example.Key}", (string?)example.Value["value"]!["type"]);
                Assert.Equal(response.Key, $"{example.Value["value"]!["status"]}");
                Assert.Contains($"`{example.Key}`", (string)response.Value["description"]!, StringComparison.Ordinal);
            });
        }));
    }

    [Theory]
    [MemberData(nameof(Promised))]
    public void An_operation_lists_the_codes_that_the_design_promises(string method, string path, int status, string[] codes)
    {
        var operation = document.Operations.Single(operation => (operation.Method, operation.Path) == (method, path));
        Assert.Subset(operation.Codes(status).ToHashSet(), codes.ToHashSet());
    }

    [Fact]
    public void Credentials_are_a_bearer_token_or_an_api_key()
    {
        var schemes = document.Root["components"]!["securitySchemes"]!.AsObject();
        Assert.Equal(["bearer", "api_key"], schemes.Select(scheme => scheme.Key));
        Assert.Equal(("http", "bearer", "JWT"), ((string?)schemes["bearer"]!["type"], (string?)schemes["bearer"]!["scheme"], (string?)schemes["bearer"]!["bearerFormat"]));
        Assert.Equal(("apiKey", "header", "X-Api-Key"), ((string?)schemes["api_key"]!["type"], (string?)schemes["api_key"]!["in"], (string?)schemes["api_key"]!["name"]));
    }

    [Fact]
    public async Task An_operation_names_credentials_exactly_where_it_asks_for_them()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var machine = organization.WithKey(await admin.CreateKeyAsync([.. Permissions.OfKeys]));
        foreach (var operation in document.Operations)
        {
            using var answer = await SendAsync(organization.Anonymous, operation);
            var asks = answer.StatusCode == HttpStatusCode.Unauthorized && await answer.CodeAsync(HttpStatusCode.Unauthorized) == "credentials.required";
            using var machines = await SendAsync(machine, operation);
            var isPlatform = machines.StatusCode == HttpStatusCode.Unauthorized;
            var takesKeys = asks && !isPlatform && !(machines.StatusCode == HttpStatusCode.Forbidden && await machines.CodeAsync(HttpStatusCode.Forbidden) == "session.required");
            var schemes = operation.Node["security"]?.AsArray().SelectMany(alternative => alternative!.AsObject().Select(scheme => scheme.Key)) ?? [];
            Assert.True(schemes.SequenceEqual(takesKeys ? ["bearer", "api_key"] : asks ? ["bearer"] : []), $"{operation}: {string.Join(", ", schemes)}");
            Assert.True(!asks || CredentialErrors.Where(code => !isPlatform || code != "tenant.mismatch").All(operation.Codes(401).Contains), $"{operation} lacks a code.");
            Assert.True(!asks || operation.Codes(403).Contains("session.required") == (!takesKeys && !isPlatform), $"{operation}: session.required");
            Assert.True(!takesKeys || (operation.Codes(403).Contains("api_key.network_denied") && operation.Codes(429).Contains("rate_limit.exceeded")), $"{operation} lacks a code of keys.");
        }
    }

    [Fact]
    public async Task The_organizations_header_is_offered_exactly_where_an_organization_is_required()
    {
        using var client = fixture.App.ClientFor(null);
        foreach (var operation in document.Operations)
        {
            using var answer = await SendAsync(client, operation);
            var required = answer.StatusCode == HttpStatusCode.BadRequest && await answer.CodeAsync(HttpStatusCode.BadRequest) == "tenant.required";
            Assert.True(required == Parameters(operation).Any(parameter => ((string?)parameter["name"], (string?)parameter["in"]) == ("X-Tenant", "header")), $"{operation}");
            Assert.True(
                !required || (TenantErrors.All(operation.Codes(400).Contains)
                    && operation.Codes(403).Contains("tenant.suspended") && operation.Codes(404).Contains("tenant.not_found")),
                $"{operation} lacks a code.");
        }
    }

    [Fact]
    public void A_pattern_covers_the_whole_text_as_it_does_in_the_product()
    {
        var patterns = Patterns(document.Root).ToList();
        Assert.NotEmpty(patterns);
        Assert.All(patterns, pattern => Assert.Matches(@"^\^\(\?:.*\)\$$", pattern));
    }

    private static IEnumerable<JsonObject> Parameters(ApiOperation operation) =>
        operation.Node["parameters"]?.AsArray().Select(parameter => parameter!.AsObject()) ?? [];

    private static IEnumerable<string> Patterns(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => member is { Key: "pattern", Value: JsonValue value } ? [(string)value!] : Patterns(member.Value)),
        JsonArray items => items.SelectMany(Patterns),
        _ => [],
    };

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, ApiOperation operation)
    {
        using var request = new HttpRequestMessage(new HttpMethod(operation.Method), operation.AnyPath);
        request.Content = operation.RequestContent is null ? null : JsonContent.Create(new { });
        return await client.SendAsync(request);
    }
}
