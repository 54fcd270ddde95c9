using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>The single calls of webhooks, and events that nothing but webhooks waits for.</summary>
internal static class WebhookSteps
{
    /// <summary>Adds an endpoint; returns its id and secret.</summary>
    /// <param name="types">What it hears of; everything about invitations when none is named.</param>
    public static async Task<(Guid Id, string Secret)> AddEndpointAsync(this HttpClient admin, Uri url, string[]? types = null, bool ordered = false, int? rateLimit = null)
    {
        var answer = await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url, event_types = types ?? ["invitation.*"], ordered, rate_limit = rateLimit })).OkAsync(HttpStatusCode.Created);
        return (answer.GetProperty("endpoint").GetProperty("id").GetGuid(), answer.GetProperty("secret").GetString()!);
    }

    /// <summary>Lets so many events happen, one after the other; returns their ids.</summary>
    public static async Task<IReadOnlyList<Guid>> HappenAsync(this TestOrganization organization, int count = 1)
    {
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++)
        {
            ids.Add(await organization.RunAsync(async db =>
            {
                var now = organization.App.Services.GetRequiredService<TimeProvider>().GetUtcNow();
                var id = db.Publish(new InvitationRevoked(Guid.CreateVersion7(), now));
                await db.SaveChangesAsync();
                return id;
            }));
        }

        return ids;
    }

    /// <summary>Lets so many events happen at once, in one statement.</summary>
    public static Task HappenAtOnceAsync(this TestOrganization organization, int count) => organization.QueryAsync<long>($$"""
        WITH made AS (
          INSERT INTO outbox (id, type, payload, occurred_at)
          SELECT gen_random_uuid(), 'invitation.revoked',
            jsonb_build_object('type', 'invitation.revoked', 'InvitationId', gen_random_uuid(), 'OccurredAt', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), now()
          FROM generate_series(1, {{count}}) RETURNING id),
        pointed AS (
          INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
          SELECT gen_random_uuid(), '{{organization.Organization.Id}}', 'event', id, now(), 0 FROM made RETURNING 1)
        SELECT count(*) FROM pointed
        """);

    /// <summary>How <c>webhook-id</c> names a message.</summary>
    public static string HeaderId(this Guid message) => $"msg_{message:N}";

    /// <summary>Waits until so many deliveries have this status.</summary>
    public static Task DeliveriesAsync(this TestOrganization organization, string status, int count, TimeSpan? within = null) => Eventually.HoldsAsync(
        async () => await organization.CountAsync($"webhook_deliveries WHERE status = '{status}'") == count, $"{count} deliveries are {status}", within);

    /// <summary>The endpoint as the API shows it.</summary>
    public static async Task<JsonElement> EndpointAsync(this HttpClient admin, Guid id) => await (await admin.GetAsync($"/webhooks/endpoints/{id}")).OkAsync();
}
