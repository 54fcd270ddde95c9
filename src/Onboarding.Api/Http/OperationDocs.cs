namespace Onboarding.Api.Http;

/// <summary>An example body, as the object that the endpoint really takes or gives.</summary>
/// <param name="Request">The request body.</param>
/// <param name="Response">The response body.</param>
/// <param name="Status">Whose response it is; null means the first success.</param>
/// <param name="Name">Tells several examples of the same body apart.</param>
internal sealed record OperationExample(object? Request, object? Response, int? Status, string? Name);

/// <summary>A problem that an operation answers with, beyond those that the document adds by itself.</summary>
internal sealed record OperationError(string Code, int Status);

/// <summary>What the OpenApi document says about an endpoint and its types do not.</summary>
internal static class OperationDocs
{
    /// <summary>Adds an example; may be called several times, then with names.</summary>
    public static TBuilder WithExample<TBuilder>(
        this TBuilder builder, object? request = null, object? response = null, int? status = null, string? name = null)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new OperationExample(request, response, status, name));

    /// <summary>Lists the codes of this use case. Common ones (authorization, tenancy, limits, a bad body) come by themselves.</summary>
    public static TBuilder WithErrors<TBuilder>(this TBuilder builder, params (string Code, int Status)[] errors)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata([.. errors.Select(error => new OperationError(error.Code, error.Status))]);
}
