using Microsoft.OpenApi;

using Swashbuckle.AspNetCore.SwaggerGen;

namespace Onboarding.Api.Setup;

/// <summary>Puts the tags in order, with their descriptions, and refuses two operations of one name.</summary>
internal sealed class DocumentTags : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        swaggerDoc.Tags = new HashSet<OpenApiTag>(SwaggerInfo.Tags);

        var twice = swaggerDoc.Paths.Values
            .SelectMany(path => path.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>())
            .GroupBy(operation => operation.OperationId)
            .FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new InvalidOperationException($"The summary or name {twice.Key} belongs to more than one operation.");
        }
    }
}
