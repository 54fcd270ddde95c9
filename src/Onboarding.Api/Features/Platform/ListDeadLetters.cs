using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Features.Platform;

/// <summary>What can end up undelivered.</summary>
public enum DeadLetterKind
{
    /// <summary>A mail that the mail server refused for good, or for a day.</summary>
    Mail,

    /// <summary>A webhook whose every attempt failed.</summary>
    Webhook,

    /// <summary>An event that its consumers have failed on for ten minutes or longer; it is still tried.</summary>
    Event,
}

/// <param name="Id">Of the mail, the delivery or the event.</param>
/// <param name="Name">Which mail, or the type of the event.</param>
/// <param name="Error">What was heard last; never an address or a content.</param>
public sealed record DeadLetterResponse(Guid Id, DeadLetterKind Kind, string Name, DateTimeOffset CreatedAt, DateTimeOffset? FailedAt, string? Error)
{
    internal static readonly DeadLetterResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-0000000000cc"), DeadLetterKind.Mail, "approved", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1), "550 No such user");
}

/// <param name="Kind">Which kind.</param>
public sealed record DeadLettersQuery([property: FromQuery(Name = "kind"), Required] Choice<DeadLetterKind>? Kind = null);

/// <summary>What could not be delivered for one organization, newest first.</summary>
internal sealed class ListDeadLetters(PlatformDbContext platform, TenantSchema schema, TenantScope tenants, TimeProvider clock)
{
    /// <summary>An event takes milliseconds; what takes so much longer has failed.</summary>
    internal static readonly TimeSpan Stuck = TimeSpan.FromMinutes(10);

    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapGet("/{id:guid}/dead-letters", (Guid id, [AsParameters] PageQuery page, [AsParameters] DeadLettersQuery query, ListDeadLetters useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, page, query, cancellationToken))
        .WithSummary("List what could not be delivered")
        .WithExample(response: new Page<DeadLetterResponse>([DeadLetterResponse.Example], null))
        .WithErrors(("cursor.invalid", 400), (GetOrganizationDetails.NotFoundCode, 404));

    public async Task<Results<Ok<Page<DeadLetterResponse>>, ProblemHttpResult>> HandleAsync(Guid id, PageQuery page, DeadLettersQuery query, CancellationToken cancellationToken)
    {
        if (query.Kind is not { Value: var kind })
        {
            return Problems.Invalid("kind", "A kind is required: mail, webhook or event.");
        }

        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        if (await FindAsync(platform, schema, id, cancellationToken) is not { } organization)
        {
            return GetOrganizationDetails.NotFound();
        }

        var rows = await tenants.RunAsync(organization, services =>
        {
            var letters = Letters(services.GetRequiredService<TenantDbContext>(), kind, clock.GetUtcNow() - Stuck);
            letters = after is var (_, last) ? letters.Where(letter => letter.Id < last) : letters;
            return letters.OrderByDescending(letter => letter.Id).Take(page.Take).ToListAsync(cancellationToken);
        });
        return TypedResults.Ok(rows.ConvertAll(letter => new DeadLetterResponse(letter.Id, kind, letter.Name, letter.CreatedAt, letter.FailedAt, letter.Error)).ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }

    /// <summary>An organization whose schema can be read; null where there is none.</summary>
    /// <remarks>One whose schema is older than what this build serves cannot, until it is migrated.</remarks>
    internal static Task<Organization?> FindAsync(PlatformDbContext platform, TenantSchema schema, Guid id, CancellationToken cancellationToken)
    {
        var wanted = id.ToString();
        return platform.Organizations.AsNoTracking()
            .SingleOrDefaultAsync(o => o.Id == wanted && o.SchemaVersion >= schema.OldestServed && (o.Status == OrganizationStatus.Active || o.Status == OrganizationStatus.Suspended), cancellationToken);
    }

    private sealed class Letter
    {
        public Guid Id { get; init; }

        public required string Name { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset? FailedAt { get; init; }

        public string? Error { get; init; }
    }

    private static IQueryable<Letter> Letters(TenantDbContext db, DeadLetterKind kind, DateTimeOffset stuck) => kind switch
    {
        DeadLetterKind.Mail => db.Emails.Where(e => e.Status == EmailStatus.Failed)
            .Select(e => new Letter { Id = e.Id, Name = e.Template, CreatedAt = e.CreatedAt, FailedAt = e.FinishedAt, Error = e.LastError }),
        DeadLetterKind.Webhook => db.WebhookDeliveries.Where(d => d.Status == WebhookDeliveryStatus.Failed)
            .Join(db.WebhookMessages, d => d.MessageId, m => m.Id, (d, m) => new Letter { Id = d.Id, Name = m.Type, CreatedAt = d.CreatedAt, FailedAt = d.FinishedAt, Error = d.LastError }),
        _ => db.Outbox.Where(e => e.HandledAt == null && e.OccurredAt < stuck)
            .Select(e => new Letter { Id = e.Id, Name = e.Type, CreatedAt = e.OccurredAt }),
    };
}
