using System.Net.Mime;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;

namespace Onboarding.Api.Features.Platform;

/// <summary>Everything that an organization owns as one ZIP, streamed as it is read (SEC-7). It holds personal data and hashes of passwords.</summary>
/// <remarks>The manifest comes last: what breaks off is no archive, and an import refuses it.</remarks>
internal sealed class ExportOrganizationData(PlatformDbContext db, TenantScope tenants, ExportOrganization export, RequestActor actor, TimeProvider clock)
{
    private const string Action = "organization.exported";

    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapGet("/{id:guid}/export", (Guid id, ExportOrganizationData useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, cancellationToken))
        .WithSummary("Export an organization")
        .Produces(StatusCodes.Status200OK, contentType: MediaTypeNames.Application.Zip)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404));

    public async Task<IResult> HandleAsync(Guid id, CancellationToken cancellationToken)
    {
        var wanted = id.ToString();
        if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == wanted && o.SchemaVersion > 0, cancellationToken) is not { } organization)
        {
            return GetOrganizationDetails.NotFound();
        }

        // In both logs, and before the first byte: whoever breaks it off has had a part of it.
        var (by, now) = (actor.ToActor(), clock.GetUtcNow());
        PlatformAudit.Add(db, Action, by, id, subjectId: null, note: null, now);
        await db.SaveChangesAsync(cancellationToken);
        await tenants.RunAsync(organization, services =>
        {
            var tenant = services.GetRequiredService<TenantDbContext>();
            tenant.Audit(Action, by, subjectId: null, note: null, now);
            return tenant.SaveChangesAsync(cancellationToken);
        });
        return Results.Stream(output => export.RunAsync(id, output, cancellationToken), MediaTypeNames.Application.Zip, $"{organization.Identifier}-{now:yyyyMMdd-HHmmss}.zip");
    }
}
