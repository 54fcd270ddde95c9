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
internal sealed partial class CountDeadLetters(PlatformDbContext platform, TenantSchema schema, NpgsqlDataSource dataSource, TimeProvider clock, ILogger<CountDeadLetters> logger)
{
    /// <summary>By their indexes it takes milliseconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How long it is searched for whose schema cannot be read.</summary>
    private static readonly TimeSpan LongestSearch = 5 * Patience;

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
        var (counts, events) = (new Dictionary<Guid, (long Mail, long Webhook)>(), new Dictionary<Guid, long>());
        await ReadAsync(EventsOf(rows.Data, events), cancellationToken);
        await ReadLettersAsync(rows.Data, counts, clock.GetTimestamp(), cancellationToken);

        var data = rows.Data.Select(o => counts.TryGetValue(o.Key, out var count)
            ? new OrganizationDeadLettersResponse(o.Key, o.Identifier, o.Name, count.Mail, count.Webhook, events.GetValueOrDefault(o.Key))
            : new(o.Key, o.Identifier, o.Name, null, null, events.GetValueOrDefault(o.Key)));
        return TypedResults.Ok(new Page<OrganizationDeadLettersResponse>([.. data.Where(o => o.HasAny)], rows.NextCursor));
    }

    // A schema that is just being taken away or mended must not hide the rest: what cannot be read is read by halves, down to
    // itself, as long as whoever asked can be expected to wait.
    private async Task ReadLettersAsync(IReadOnlyList<Organization> organizations, Dictionary<Guid, (long Mail, long Webhook)> counts, long since, CancellationToken cancellationToken)
    {
        var read = new Dictionary<Guid, (long Mail, long Webhook)>();
        try
        {
            await ReadAsync(LettersOf(organizations, read), cancellationToken);
        }
        catch (NpgsqlException exception) when (organizations.Count == 1 || clock.GetElapsedTime(since) > LongestSearch)
        {
            Unreadable(exception, string.Join(", ", organizations.Select(o => o.Id)));
            return;
        }
        catch (NpgsqlException)
        {
            foreach (var half in organizations.Chunk((organizations.Count + 1) / 2))
            {
                await ReadLettersAsync(half, counts, since, cancellationToken);
            }

            return;
        }

        foreach (var (organization, count) in read)
        {
            counts[organization] = count;
        }
    }

    private static async Task ReadAsync(TenantBatch counting, CancellationToken cancellationToken)
    {
        await using var batch = counting;
        batch.Timeout = Patience;
        await batch.ExecuteAsync(cancellationToken);
    }

    private TenantBatch LettersOf(IReadOnlyList<Organization> organizations, Dictionary<Guid, (long Mail, long Webhook)> counts)
    {
        var batch = TenantBatch.Of(dataSource);
        foreach (var organization in organizations)
        {
            batch.AddQuery(organization, row => counts[organization.Key] = (row.GetInt64(0), row.GetInt64(1)), Count);
        }

        return batch;
    }

    private TenantBatch EventsOf(IReadOnlyList<Organization> organizations, Dictionary<Guid, long> counts)
    {
        var batch = TenantBatch.Of(dataSource);
        batch.AddSharedQuery(
            row => counts[row.GetGuid(0)] = row.GetInt64(1),
            CountEvents,
            Sql.Value(Ids.New(clock.GetUtcNow() - ListDeadLetters.Stuck)),
            Sql.Column(organizations, o => o.Key));
        return batch;
    }

    [LoggerMessage(LogLevel.Warning, "The dead letters of {Organizations} could not be counted.")]
    private partial void Unreadable(Exception exception, string organizations);
}
