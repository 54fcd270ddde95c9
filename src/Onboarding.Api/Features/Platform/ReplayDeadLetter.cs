using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Webhooks;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.Platform;

/// <param name="Kind">What it is.</param>
/// <param name="Id">As the list has it.</param>
public sealed record ReplayDeadLetterRequest([property: Required] DeadLetterKind? Kind, [property: Required] Guid? Id);

/// <summary>Sends what could not be delivered on its way again. Told in both audit logs.</summary>
internal sealed class ReplayDeadLetter(PlatformDbContext platform, TenantSchema schema, TenantScope tenants, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/{id:guid}/dead-letters/replay", (Guid id, ReplayDeadLetterRequest request, ReplayDeadLetter useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, request, cancellationToken))
        .WithSummary("Send again what could not be delivered")
        .WithExample(new ReplayDeadLetterRequest(DeadLetterKind.Mail, DeadLetterResponse.Example.Id))
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), ("dead_letter.not_found", 404));

    public async Task<Results<Accepted, ProblemHttpResult>> HandleAsync(Guid id, ReplayDeadLetterRequest request, CancellationToken cancellationToken)
    {
        if (await ListDeadLetters.FindAsync(platform, schema, id, cancellationToken) is not { } organization)
        {
            return GetOrganizationDetails.NotFound();
        }

        var (by, now, letter) = (actor.ToActor(), clock.GetUtcNow(), request.Id!.Value);
        var note = $"{request.Kind!.Value.ToString().ToLowerInvariant()} {letter}";

        // Before it is done: nothing is done that no log tells of.
        PlatformAudit.Add(platform, "dead_letter.replay_requested", by, id, letter, note, now);
        await platform.SaveChangesAsync(cancellationToken);
        var found = await tenants.RunAsync(organization, services =>
        {
            var db = services.GetRequiredService<TenantDbContext>();
            return db.InTransactionAsync(
                async () =>
                {
                    if (!await ReplayAsync(db, request.Kind.Value, letter, now, cancellationToken))
                    {
                        return false;
                    }

                    db.Audit("dead_letter.replayed", by, letter, note, now);
                    await db.SaveChangesAsync(cancellationToken);
                    return true;
                },
                cancellationToken);
        });
        if (!found)
        {
            return Problems.NotFound("dead_letter.not_found", "There is no such dead letter: it was never there, was delivered, or its content is no longer good.");
        }

        return TypedResults.Accepted((string?)null);
    }

    private static async Task<bool> ReplayAsync(TenantDbContext db, DeadLetterKind kind, Guid id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case DeadLetterKind.Mail:
                var mails = await db.Emails.FromSql($"SELECT * FROM emails WHERE id = {id} FOR UPDATE").ToListAsync(cancellationToken);
                if (mails.SingleOrDefault() is not { } mail || !mail.TryQueueAgain(now))
                {
                    return false;
                }

                db.Enqueue(WorkKinds.Email, id, now);
                return true;

            case DeadLetterKind.Webhook:
                if (await db.LockDeliveryAsync(id, cancellationToken) is not { Status: WebhookDeliveryStatus.Failed } delivery)
                {
                    return false;
                }

                db.Publish(delivery.Resend(now));
                db.Enqueue(WorkKinds.Wake, delivery.EndpointId, now);
                return true;

            default:
                if (!await db.Outbox.AnyAsync(e => e.Id == id && e.HandledAt == null, cancellationToken))
                {
                    return false;
                }

                // Beside the pointer that waits for its next try: whichever comes second finds nothing left to do.
                db.Enqueue(WorkKinds.Event, id, now);
                return true;
        }
    }
}
