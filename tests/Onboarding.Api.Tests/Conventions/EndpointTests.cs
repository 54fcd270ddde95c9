using System.Net;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Conventions;

/// <summary>What every endpoint owes its callers.</summary>
public sealed class EndpointTests(ApiFixture fixture)
{
    /// <summary>All that may be called without a credential. Adding a line here is a decision.</summary>
    private static readonly string[] Anonymous =
    [
        "GET /.well-known/jwks.json",
        "GET /billing/plans",
        "GET /billing/return",
        "GET /dev/mailbox",
        "GET /dev/mailbox.json",
        "GET /dev/mails",
        "GET /dev/mails/{name}",
        "GET /dev/webhook-sink/{name}.json",
        "GET /health/live",
        "GET /health/ready",
        "GET /organizations/{identifier}",
        "HEAD /health/live",
        "HEAD /health/ready",
        "POST /billing/stripe/webhook",
        "POST /dev/webhook-sink/{name}",
        "POST /forgot-password",
        "POST /invitations/accept/{token}",
        "POST /login",
        "POST /login/mfa",
        "POST /login/mfa/passkey",
        "POST /login/mfa/passkey/options",
        "POST /login/passkey",
        "POST /login/passkey/options",
        "POST /logout",
        "POST /organizations",
        "POST /organizations/verify",
        "POST /platform/login",
        "POST /refresh",
        "POST /register",
        "POST /resend-otp",
        "POST /reset-password/{token}",
        "POST /set-password/{id}",
        "POST /verify-otp",
    ];

    private IReadOnlyList<ApiRoute> Routes => ApiRoute.AllOf(fixture.App);

    /// <summary>Those of the contract; the others are the operators' and the developers'.</summary>
    private IEnumerable<ApiRoute> Operations => Routes.Where(route => !route.IsDevelopmentOnly && !route.Path.StartsWith("/health/", StringComparison.Ordinal));

    [Fact] // SEC-35
    public void What_needs_no_credential_is_listed_and_everything_else_has_a_policy()
    {
        Assert.Equal(Anonymous, Routes.Where(route => route.IsAnonymous).Select(route => route.ToString()).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Routes, route => !route.IsAnonymous && route.Metadata.GetMetadata<IAuthorizeData>() is null);
    }

    [Fact] // SEC-35
    public async Task What_says_nothing_still_asks_for_a_sign_in()
    {
        var policies = fixture.App.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        var fallback = await policies.GetFallbackPolicyAsync();
        Assert.Contains(fallback!.Requirements, requirement => requirement is Microsoft.AspNetCore.Authorization.Infrastructure.DenyAnonymousAuthorizationRequirement);
    }

    [Fact] // SEC-35
    public async Task Every_policy_is_a_permission_that_exists_and_every_permission_is_asked_for_somewhere()
    {
        Assert.Empty(Routes.Where(route => !route.IsPlatform).SelectMany(route => route.Policies).Except(Permissions.All));
        Assert.Empty(Permissions.All.Except(Routes.SelectMany(route => route.Policies)));

        // Those of the platform are not an organization's to give (SEC-37).
        Assert.All(Routes.Where(route => route.IsPlatform), route => Assert.Equal([PlatformAuthentication.Name], route.Policies));
        Assert.All(Routes.Where(route => route.Path.StartsWith("/platform", StringComparison.Ordinal)), route => Assert.True(route.IsPlatform || route.IsAnonymous));

        // Roles are no policies: endpoints name permissions.
        Assert.All(Routes.SelectMany(route => route.Metadata.GetOrderedMetadata<IAuthorizeData>()), data => Assert.Null(data.Roles));
        var policies = fixture.App.Services.GetRequiredService<IAuthorizationPolicyProvider>();
        foreach (var permission in Permissions.All)
        {
            Assert.NotNull(await policies.GetPolicyAsync(permission));
        }
    }

    // The framework validates public records only, and says nothing of it (conventions).
    [Fact] // SEC-46
    public void Every_request_record_is_public_and_sealed()
    {
        var requests = Routes.Select(route => route.RequestType).OfType<Type>().Distinct().ToList();
        Assert.NotEmpty(requests);
        Assert.Empty(requests.Where(type => !type.IsVisible || !type.IsSealed).Select(type => type.FullName));

        // One name, one type: a document with two of a name cannot be made.
        Assert.Empty(requests.GroupBy(type => type.Name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public async Task Every_operation_has_a_name_a_summary_a_tag_an_example_and_its_errors()
    {
        using var client = fixture.App.ClientFor(null);
        var document = await (await client.GetAsync("/swagger/v1/swagger.json")).OkAsync();
        var missing = new List<string>();
        foreach (var route in Operations)
        {
            var path = "/" + string.Join('/', route.Pattern.Trim('/').Split('/').Select(part => part.StartsWith('{') ? part.Split(':')[0].TrimEnd('}') + "}" : part));
            if (!document.GetProperty("paths").TryGetProperty(path, out var operations) || !operations.TryGetProperty(route.Method.ToLowerInvariant(), out var operation))
            {
                missing.Add($"{route}: not in the document");
                continue;
            }

            Require(route.Metadata.GetMetadata<IEndpointSummaryMetadata>()?.Summary is { Length: > 0 }, "summary");
            Require(operation.TryGetProperty("operationId", out var name) && name.GetString() is { Length: > 0 }, "name");
            Require(operation.GetProperty("tags").GetArrayLength() == 1, "one tag");
            Require(route.RequestType is null || (route.Example is { } example && example.GetType() == route.RequestType), "example of the body");
            var responses = operation.GetProperty("responses").EnumerateObject().ToList();
            Require(!responses.Any(HasBody) || route.Metadata.GetOrderedMetadata<OperationExample>().Any(e => e.Response is not null), "example of the answer");

            // Only what asks nothing of anybody, as the public keys do, has nothing to refuse.
            Require(responses.Any(response => response.Name.StartsWith('4')) || route is { IsTenantless: true, IsAnonymous: true, RequestType: null }, "errors");
            Require(route.IsTenantless || Codes(responses).Contains("tenant.not_found"), "errors of tenancy");
            Require(route.IsAnonymous || Codes(responses).Contains("credentials.required"), "error of a missing credential");
            Require(route.Policies.Count == 0 || route.IsPlatform || Codes(responses).Contains("permission.denied"), "error of a missing permission");
            Require(route.RequestType is null || Codes(responses).Contains("request.invalid"), "error of a bad body");

            void Require(bool holds, string what)
            {
                if (!holds)
                {
                    missing.Add($"{route}: {what}");
                }
            }
        }

        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    [Fact] // SEC-46
    public async Task An_empty_body_is_accepted_only_where_nothing_is_required()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        using var superAdmin = await Operator.SignInAsync(fixture.App);
        foreach (var route in Operations.Where(route => route.RequestType is not null))
        {
            using var call = route.Call("{}");
            using var answer = await (route.IsPlatform ? superAdmin : admin).SendAsync(call);
            if (RequiresSomething(route.RequestType!))
            {
                Assert.True(await answer.CodeAsync(HttpStatusCode.BadRequest) == "request.invalid", $"{route}");
            }
            else
            {
                Assert.True(answer.StatusCode < HttpStatusCode.InternalServerError && answer.StatusCode != HttpStatusCode.BadRequest, $"{route}: {(int)answer.StatusCode}");
            }
        }

        // Both kinds were there, or this proved nothing.
        Assert.Contains(Operations, route => route.RequestType is { } type && RequiresSomething(type));
        Assert.Contains(Operations, route => route.RequestType is { } type && !RequiresSomething(type));
    }

    private static bool RequiresSomething(Type request) =>
        request.GetConstructors().Single().GetParameters().Any(parameter => !parameter.HasDefaultValue)
        || request.IsAssignableTo(typeof(System.ComponentModel.DataAnnotations.IValidatableObject))
        || request.GetProperties().Any(property => property.GetCustomAttribute<System.ComponentModel.DataAnnotations.RequiredAttribute>() is not null);

    private static bool HasBody(JsonProperty response) =>
        response.Name.StartsWith('2') && response.Value.TryGetProperty("content", out var content) && content.EnumerateObject().Any();

    private static IEnumerable<string> Codes(IEnumerable<JsonProperty> responses) => responses
        .Where(response => response.Name.StartsWith('4'))
        .SelectMany(response => response.Value.GetProperty("content").GetProperty("application/problem+json").GetProperty("examples").EnumerateObject())
        .Select(example => example.Name);
}
