using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Http;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.Platform;

/// <param name="Id">Of the organization.</param>
/// <param name="Mail">How many mails; 1,000 is that many or more. Null where its schema cannot be read just now.</param>
/// <param name="Webhook">How many webhooks, likewise.</param>
/// <param name="Event">How many events.</param>
public sealed record OrganizationDeadLettersResponse(Guid Id, string Identifier, string Name, long? Mail, long? Webhook, long Event)
{
    internal static readonly OrganizationDeadLettersResponse Example = new(Guid.Parse("01990000-0000-7000-8000-0000000000aa"), "acme", "Acme", 2, 0, 0);

    internal bool HasAny => Mail is not 0 || Webhook is not 0 || Event > 0;
}

/// <summary>Which organizations have something that could not be delivered, newest first.</summary>
/// <remarks>
/// A page looks at so many organizations as it is limited to, in one round trip and each by its own role, and tells those
/// that have any: it may be empty, and not the last. Events are counted by their pointers, which are all in one small table.
/// </remarks>
internal sealed class CountDeadLetters(PlatformDbContext platform, TenantSchema schema, TenantSurvey survey, NpgsqlDataSource dataSource, TimeProvider clock)
{
    /// <summary>By the index it takes milliseconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const string Count = """
        SELECT (SELECT count(*) FROM (SELECT FROM emails WHERE status = 'failed' LIMIT 1000) AS mail),
          (SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE status = 'failed' LIMIT 1000) AS webhook)
        """;

    // The event's id tells when it happened. Asked for again, it has two pointers.
    private const string CountEvents = $"""
        SELECT organization_id, count(DISTINCT ref_id) FROM platform.work
        WHERE kind = '{WorkKinds.Event}' AND attempt > 0 AND ref_id < $1 AND organization_id = ANY ($2) GROUP BY organization_id
        """;

    public static void Map(RouteGroupBuilder platform) => platform
        .MapGet("/dead-letters", ([AsParameters] PageQuery page, CountDeadLetters useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .WithSummary("See which organizations have something that could not be delivered")
        .WithDescription("A page looks at `limit` organizations and tells those that have any: follow `next_cursor` even where `data` is empty.")
        .WithExample(response: new Page<OrganizationDeadLettersResponse>([OrganizationDeadLettersResponse.Example], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<OrganizationDeadLettersResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var organizations = platform.Organizations.AsNoTracking()
            .Where(o => o.SchemaVersion >= schema.OldestServed && (o.Status == OrganizationStatus.Active || o.Status == OrganizationStatus.Suspended));
        if (after is var (_, id))
        {
            var last = id.ToString();
            organizations = organizations.Where(o => o.Id.CompareTo(last) < 0);
        }

        var rows = (await organizations.OrderByDescending(o => o.Id).Take(page.Take).ToListAsync(cancellationToken)).ToPage(page, o => Cursor.Of(o.CreatedAt, o.Key));
        var events = await CountEventsAsync(rows.Data, cancellationToken);
        var counts = await survey.AskAsync(rows.Data, Count, row => (Mail: row.GetInt64(0), Webhook: row.GetInt64(1)), cancellationToken);

        var data = rows.Data.Select(o => counts.TryGetValue(o.Key, out var count)
            ? new OrganizationDeadLettersResponse(o.Key, o.Identifier, o.Name, count.Mail, count.Webhook, events.GetValueOrDefault(o.Key))
            : new(o.Key, o.Identifier, o.Name, null, null, events.GetValueOrDefault(o.Key)));
        return TypedResults.Ok(new Page<OrganizationDeadLettersResponse>([.. data.Where(o => o.HasAny)], rows.NextCursor));
    }

    private async Task<Dictionary<Guid, long>> CountEventsAsync(IReadOnlyList<Organization> organizations, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<Guid, long>();
        await using var batch = TenantBatch.Of(dataSource);
        batch.Timeout = Patience;
        batch.AddSharedQuery(
            row => counts[row.GetGuid(0)] = row.GetInt64(1),
            CountEvents,
            Sql.Value(Ids.New(clock.GetUtcNow() - ListDeadLetters.Stuck)),
            Sql.Column(organizations, o => o.Key));
        await batch.ExecuteAsync(cancellationToken);
        return counts;
    }
}
