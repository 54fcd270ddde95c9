using System.Text.Json;

using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;

namespace Onboarding.Api.Setup;

/// <summary>The OpenAPI document at <c>/swagger/v1/swagger.json</c> and its page at <c>/swagger</c>.</summary>
internal static class Swagger
{
    internal const string Bearer = "bearer";
    internal const string ApiKey = "api_key";

    public static IServiceCollection AddSwagger(this IServiceCollection services) => services.AddSwaggerGen(options =>
    {
        options.SwaggerDoc("v1", SwaggerInfo.Info);
        options.AddSecurityDefinition(Bearer, SwaggerInfo.BearerScheme);
        options.AddSecurityDefinition(ApiKey, SwaggerInfo.ApiKeyScheme);
        options.CustomOperationIds(OperationId);
        options.SupportNonNullableReferenceTypes();

        options.UseAllOfToExtendReferenceSchemas(); // so that SchemaConventions learns which references may be null
        options.IncludeXmlComments(typeof(Swagger).Assembly);
        options.SchemaFilter<SchemaConventions>();
        options.ParameterFilter<ChoiceParameters>();
        options.OperationFilter<OperationBodies>();
        options.OperationFilter<OperationSecurity>();
        options.OperationFilter<OperationTenant>();
        options.OperationFilter<OperationProblems>();
        options.OperationFilter<OperationExamples>();
        options.DocumentFilter<DocumentTags>();
        options.DocumentFilter<DocumentWebhooks>();
    });

    /// <summary>Goes before routing and tenancy: the document is the same for every organization, and public.</summary>
    /// <remarks>A branch of its own, as every request would wait for both middlewares.</remarks>
    public static IApplicationBuilder UseSwaggerPages(this IApplicationBuilder app) => app.UseWhen(
        context => context.Request.Path.StartsWithSegments("/swagger"),
        pages => pages.UseSwaggerDocument());

    private static IApplicationBuilder UseSwaggerDocument(this IApplicationBuilder app) => app
        .UseSwagger(options =>
        {
            // 3.0 cannot say "this schema or null" in a way that linters and generators agree on.
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;

            // The address in use, so "Try it out" stays in the organization whose host was opened.
            options.PreSerializeFilters.Add((document, request) => document.Servers =
            [
                new OpenApiServer { Url = $"{request.Scheme}://{request.Host}{request.PathBase}" },
            ]);
        })
        .UseSwaggerUI(options =>
        {
            options.DocumentTitle = "Onboarding API";
            options.SwaggerEndpoint("v1/swagger.json", "Onboarding v1");
            options.EnablePersistAuthorization();
            options.DisplayRequestDuration();
        });

    /// <summary>The endpoint's name, else its summary: "Approve a pending member" becomes <c>approveAPendingMember</c>.</summary>
    private static string? OperationId(ApiDescription operation)
    {
        var metadata = operation.ActionDescriptor.EndpointMetadata;
        var name = metadata.OfType<IEndpointNameMetadata>().LastOrDefault()?.EndpointName
            ?? metadata.OfType<IEndpointSummaryMetadata>().LastOrDefault()?.Summary;
        if (name is null)
        {
            return null;
        }

        var words = name.Replace("'", "", StringComparison.Ordinal).Split(" -,/().".ToCharArray(), StringSplitOptions.RemoveEmptyEntries);
        return JsonNamingPolicy.CamelCase.ConvertName(string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + word[1..])));
    }
}
