using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Error">Why its last migration failed; null where it was not tried yet.</param>
/// <param name="IsServed">Whether this build serves a schema of that version.</param>
public sealed record LaggardResponse(Guid Id, string Identifier, OrganizationStatus Status, int SchemaVersion, string? Error, bool IsServed);

/// <param name="LatestVersion">The schema version that this build brings along.</param>
/// <param name="OldestServed">The oldest one that it serves.</param>
/// <param name="Behind">How many organizations are behind.</param>
/// <param name="Quarantined">How many of those had a migration that failed.</param>
/// <param name="Data">Those that are behind, a page of them.</param>
public sealed record MigrationsResponse(int LatestVersion, int OldestServed, int Behind, int Quarantined, IReadOnlyList<LaggardResponse> Data, string? NextCursor)
{
    internal static readonly MigrationsResponse Example = new(
        6, 5, 1, 1, [new(Guid.Parse("01990000-0000-7000-8000-0000000000aa"), "acme", OrganizationStatus.Active, 5, "55P03: canceling statement due to lock timeout", IsServed: true)], null);
}

/// <summary>Which organizations' schemas are behind this build, and why (FAULT-17).</summary>
internal sealed class GetMigrations(PlatformDbContext db, MigrateOrganizations migrate, TenantSchema schema)
{
    public static void Map(RouteGroupBuilder platform) => platform
        .MapGet("/migrations", ([AsParameters] PageQuery page, GetMigrations useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .WithSummary("See which organizations are behind in their migrations")
        .WithExample(response: MigrationsResponse.Example)
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<MigrationsResponse>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var (laggards, behind) = (await migrate.LaggardsAsync(named: 0, cancellationToken), migrate.Behind(db));
        if (after is var (_, id))
        {
            var last = id.ToString();
            behind = behind.Where(o => o.Id.CompareTo(last) > 0);
        }

        var rows = (await behind.OrderBy(o => o.Id).Take(page.Take).ToListAsync(cancellationToken))
            .ToPage(page, o => Cursor.Of(o.CreatedAt, o.Key));
        var data = rows.Data.Select(o => new LaggardResponse(o.Key, o.Identifier, o.Status, o.SchemaVersion, o.MigrationError, o.SchemaVersion >= schema.OldestServed));
        return TypedResults.Ok(new MigrationsResponse(schema.Latest, schema.OldestServed, laggards.Behind, laggards.Quarantined, [.. data], rows.NextCursor));
    }
}
