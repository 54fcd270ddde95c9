using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Finbuckle.MultiTenant.AspNetCore.Routing;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Testing;

namespace Onboarding.Api.Tests;

/// <summary>One route of the running product and what its metadata says of it, so that tests over all routes cover new ones by themselves.</summary>
internal sealed partial record ApiRoute(string Method, string Pattern, EndpointMetadataCollection Metadata, JsonSerializerOptions Json)
{
    /// <summary>An id that nothing has.</summary>
    public const string SomeId = "01990000-0000-7000-8000-000000000001";

    /// <summary>A well-formed path: every value is <see cref="SomeId"/>.</summary>
    public string Path => "/" + Parameter().Replace(Pattern, SomeId).Trim('/');

    public bool IsAnonymous => Metadata.GetMetadata<IAllowAnonymous>() is not null;

    public bool IsTenantless => Metadata.GetMetadata<IExcludeFromMultiTenantResolutionMetadata>() is { ExcludeFromResolution: true };

    /// <summary>What belongs to the platform, and takes a super admin's token alone.</summary>
    public bool IsPlatform => Metadata.GetMetadata<PlatformRoute>() is not null;

    /// <summary>The helpers of development; production does not have them.</summary>
    public bool IsDevelopmentOnly => Path.StartsWith("/dev/", StringComparison.Ordinal);

    /// <summary>The permissions that it asks for.</summary>
    public IReadOnlyList<string> Policies => [.. Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy).OfType<string>().Distinct()];

    /// <summary>Whether a session is needed, and a key is not enough: what says nothing is of the default policy.</summary>
    public bool NeedsSession => !IsAnonymous && Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy is null);

    /// <summary>The record that its JSON body is read into; null when it reads none.</summary>
    public Type? RequestType => Metadata.GetMetadata<IAcceptsMetadata>() is { RequestType: { } type } accepts && accepts.ContentTypes.Contains("application/json") ? type : null;

    /// <summary>Its documented example body, which is a good one.</summary>
    public object? Example => Metadata.GetOrderedMetadata<OperationExample>().Select(example => example.Request).FirstOrDefault(request => request is not null);

    public static IReadOnlyList<ApiRoute> AllOf(TestApp app)
    {
        var json = app.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        return
        [
            .. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(endpoint =>
                (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                    .Select(method => new ApiRoute(method, "/" + endpoint.RoutePattern.RawText!.Trim('/'), endpoint.Metadata, json))),
        ];
    }

    /// <summary>A call with the example as its body where it takes one.</summary>
    public HttpRequestMessage Call() => Call(RequestType is null ? null : JsonSerializer.Serialize(Example, Json));

    /// <summary>A call with this body.</summary>
    public HttpRequestMessage Call(string? body, string contentType = "application/json") => new(new HttpMethod(Method), Path)
    {
        Content = body is null ? null : new StringContent(body, Encoding.UTF8, contentType),
    };

    public override string ToString() => $"{Method} {Pattern}";

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
