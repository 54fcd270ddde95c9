using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Figures">What is counted inside it; null where it has no schema to count in, or that cannot be read just now.</param>
/// <param name="MigrationError">Why its last migration failed; null while it is well.</param>
public sealed record OrganizationSummaryResponse(
    Guid Id, string Identifier, string Name, OrganizationStatus Status, string Plan, DateTimeOffset CreatedAt, int SchemaVersion, string? MigrationError, FiguresResponse? Figures)
{
    internal static readonly OrganizationSummaryResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-0000000000aa"), "acme", "Acme", OrganizationStatus.Active, "premium", DateTimeOffset.UnixEpoch, 6, null, new(12, 3, DateTimeOffset.UnixEpoch));

    internal static OrganizationSummaryResponse Of(Organization o, IReadOnlyDictionary<Guid, FiguresResponse> figures) =>
        new(o.Key, o.Identifier, o.Name, o.Status, o.Plan, o.CreatedAt, o.SchemaVersion, o.MigrationError, figures.GetValueOrDefault(o.Key));
}

/// <param name="Search">Part of an identifier or a name.</param>
/// <param name="Status">Only organizations in this state.</param>
/// <param name="Plan">Only those with this plan, by its key.</param>
public sealed record OrganizationsQuery(
    [property: FromQuery(Name = "search"), StringLength(100)] string? Search = null,
    [property: FromQuery(Name = "status")] Choice<OrganizationStatus>? Status = null,
    [property: FromQuery(Name = "plan"), StringLength(64)] string? Plan = null);

/// <summary>All organizations, newest first.</summary>
internal sealed class ListOrganizations(PlatformDbContext db, OrganizationFigures figures)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapGet("", ([AsParameters] PageQuery page, [AsParameters] OrganizationsQuery query, ListOrganizations useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(page, query, cancellationToken))
        .WithSummary("List all organizations")
        .WithExample(response: new Page<OrganizationSummaryResponse>([OrganizationSummaryResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<OrganizationSummaryResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, OrganizationsQuery query, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var organizations = db.Organizations.AsNoTracking();
        if (query.Search is { Length: > 0 } search)
        {
            var pattern = $"%{search.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
            organizations = organizations.Where(o => EF.Functions.ILike(o.Identifier, pattern) || EF.Functions.ILike(o.Name, pattern));
        }

        organizations = query.Status is { Value: var status } ? organizations.Where(o => o.Status == status) : organizations;
        organizations = query.Plan is { } plan ? organizations.Where(o => o.Plan == plan) : organizations;

        // Ids are in the order of time.
        if (after is var (_, id))
        {
            var last = id.ToString();
            organizations = organizations.Where(o => o.Id.CompareTo(last) < 0);
        }

        var rows = await organizations.OrderByDescending(o => o.Id).Take(page.Take).ToListAsync(cancellationToken);
        var counted = await figures.OfAsync(rows.Take(page.Limit), cancellationToken);
        return TypedResults.Ok(rows.ConvertAll(o => OrganizationSummaryResponse.Of(o, counted)).ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }
}
