using System.Net.Mime;
using System.Threading.RateLimiting;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Platform;

/// <summary>Everything that an organization owns as one ZIP, streamed as it is read (SEC-7). It holds personal data and hashes of passwords.</summary>
/// <remarks>The manifest comes last: what breaks off is no archive, and an import refuses it.</remarks>
internal sealed partial class ExportOrganizationData(
    PlatformDbContext db, ExportOrganization export, ExportPlaces places, RequestActor actor, TimeProvider clock, ILogger<ExportOrganizationData> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapGet("/{id:guid}/export", (Guid id, HttpContext context, ExportOrganizationData useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, context, cancellationToken))
        .WithSummary("Export an organization")
        .Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Application.Zip)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), ("export.busy", 503));

    public async Task<IResult> HandleAsync(Guid id, HttpContext context, CancellationToken cancellationToken)
    {
        var wanted = id.ToString();
        if (await db.Organizations.Where(o => o.Id == wanted && o.SchemaVersion > 0).Select(o => o.Identifier).SingleOrDefaultAsync(cancellationToken) is not { } identifier)
        {
            return GetOrganizationDetails.NotFound();
        }

        var place = places.Take();
        if (!place.IsAcquired)
        {
            return Problems.Unavailable("export.busy", "This node serves as many exports as it may at once. Try again in a while.", RetryAfter);
        }

        // Whatever becomes of the request; usually it is given back before.
        context.Response.RegisterForDispose(place);
        var by = actor.ToActor();
        return Results.Stream(
            output => WriteAsync(id, by, output, context, place, cancellationToken), MediaTypeNames.Application.Zip, $"{identifier}-{clock.GetUtcNow():yyyyMMdd-HHmmss}.zip");
    }

    private async Task WriteAsync(Guid id, Actor by, Stream output, HttpContext context, RateLimitLease place, CancellationToken cancellationToken)
    {
        using (place)
        {
            try
            {
                if (await export.RunAsync(id, by, reason: null, output, cancellationToken) is null)
                {
                    // Gone since it was looked for. The status is settled already, and an empty answer would pass for an archive.
                    context.Abort();
                }
            }
            catch (ExportBrokenOffException exception)
            {
                BrokenOff(id, exception.Message);
                context.Abort();
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Export of organization {Organization}: {Sentence}")]
    private partial void BrokenOff(Guid organization, string sentence);
}
