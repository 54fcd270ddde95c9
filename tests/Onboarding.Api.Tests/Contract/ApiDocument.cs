using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Onboarding.Api.Tests.Contract;

/// <summary>The OpenAPI document as the running product serves it.</summary>
public sealed class ApiDocument(ApiFixture fixture) : IAsyncLifetime
{
    private static readonly string[] Methods = ["get", "put", "post", "patch", "delete"];

    /// <summary>The document.</summary>
    public JsonObject Root { get; private set; } = null!;

    /// <summary>Every operation of it.</summary>
    public IReadOnlyList<ApiOperation> Operations { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        using var client = fixture.App.ClientFor(null);
        Root = (await client.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!;
        Operations = [..
            from path in Root["paths"]!.AsObject()
            from operation in path.Value!.AsObject()
            where Methods.Contains(operation.Key)
            select new ApiOperation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject())];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>One operation of the document.</summary>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Node">Its part of the document.</param>
public sealed record ApiOperation(string Method, string Path, JsonObject Node)
{
    /// <summary>By status, or <c>default</c>.</summary>
    public JsonObject Responses => Node["responses"]!.AsObject();

    public JsonObject? RequestContent => Node["requestBody"]?["content"]?.AsObject();

    /// <summary>The codes of the errors with this status.</summary>
    public IEnumerable<string> Codes(int status) =>
        Responses[$"{status}"]?["content"]?["application/problem+json"]?["examples"]?.AsObject().Select(example => example.Key) ?? [];

    /// <summary>Its path with every parameter filled in.</summary>
    public string AnyPath => string.Join('/', Path.Split('/').Select(segment => segment.StartsWith('{') ? "01990000-0000-7000-8000-000000000001" : segment));

    /// <summary>Whether a request for this method and path is one of this operation.</summary>
    public bool Matches(HttpMethod method, string path)
    {
        var (mine, theirs) = (Path.Split('/'), path.TrimEnd('/').Split('/'));
        return Method == method.Method && mine.Length == theirs.Length
            && mine.Zip(theirs).All(pair => pair.First.StartsWith('{') || pair.First == pair.Second);
    }

    public override string ToString() => $"{Method} {Path}";
}
