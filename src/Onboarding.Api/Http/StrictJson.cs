using System.Text.Json;
using System.Text.Json.Serialization;

namespace Onboarding.Api.Http;

/// <summary>What is accepted as JSON, and how it is spelled: snake_case, and nothing that the contract does not name.</summary>
internal static class StrictJson
{
    /// <summary>Deep enough for every contract here, shallow enough that nesting costs nothing.</summary>
    private const int MaxDepth = 16;

    public static IServiceCollection AddStrictJson(this IServiceCollection services) =>
        services.ConfigureHttpJsonOptions(options => Apply(options.SerializerOptions));

    /// <summary>As <see cref="JsonSerializerOptions.Strict"/>, on top of what a web API starts with.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.MaxDepth = MaxDepth;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new StorableStringConverter());
    }
}
