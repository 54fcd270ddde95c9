using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Bench;

/// <summary>Endpoints and events of the fleet.</summary>
internal static class WebhookFleet
{
    public static readonly IReadOnlyDictionary<string, string?> Settings = new Dictionary<string, string?>
    {
        ["Webhooks:AllowPrivateNetworks"] = "true",

        // The loop that it is compared with has as many requests under way.
        ["Webhooks:Delivery:MaxInFlight"] = "64",
    };

    /// <summary>About a kilobyte.</summary>
    public static readonly string Body = $$$"""{"type":"member.verified","timestamp":"2026-01-01T00:00:00Z","data":{"member_id":"01990000-0000-7000-8000-000000000001","member":{"full_name":"{{{new string('x', 850)}}}"} } }""";

    /// <summary>One endpoint for each; returns their ids.</summary>
    public static async Task<IReadOnlyList<Guid>> SubscribeAsync(BenchEnvironment environment, IReadOnlyList<BenchOrganization> fleet, Uri url)
    {
        var secrets = new EndpointSecrets(environment.Services.GetRequiredService<IDataProtectionProvider>());
        var scope = environment.Services.GetRequiredService<TenantScope>();
        var now = environment.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var ids = new Guid[fleet.Count];
        await Parallel.ForAsync(0, fleet.Count, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (index, _) => await scope.RunAsync(fleet[index].Organization, async services =>
        {
            var db = services.GetRequiredService<TenantDbContext>();
            var first = EndpointSecrets.First(WebhookSecret.Generate(WebhookSecretKind.V1));
            var settings = new EndpointSettings(url.ToString(), "", ["member.verified"], Headers: null, RateLimit: null, Ordered: false);
            var (endpoint, _) = WebhookEndpoint.Create(settings, secrets.Protect(first, fleet[index].Organization.Key), now);
            db.WebhookEndpoints.Add(endpoint);
            await db.SaveChangesAsync();
            ids[index] = endpoint.Id;
        }));
        return ids;
    }

    /// <summary>One event of each of these organizations, with its pointer, in one commit; then the bell.</summary>
    public static async Task<IReadOnlyList<Guid>> CommitAsync(BenchEnvironment environment, IEnumerable<BenchOrganization> organizations)
    {
        await using var batch = environment.Postgres.CreateBatch();
        var ids = new List<Guid>();
        foreach (var organization in organizations)
        {
            var now = TimeProvider.System.GetUtcNow();
            var member = Guid.CreateVersion7();
            var stored = OutboxEvent.Of(new MemberVerified(member, now) { Member = new(member, "wanda", "wanda@example.test", new string('x', 650), Role: null, MemberStatus.PendingApproval) });
            ids.Add(stored.Id);
            batch.BatchCommands.Add(new($"INSERT INTO {organization.Organization.Schema}.outbox (id, type, payload, occurred_at) VALUES ($1, $2, $3::jsonb, $4)")
            {
                Parameters = { Value(stored.Id), Value(stored.Type), Value(stored.Payload), Value(now) },
            });
            batch.BatchCommands.Add(new("INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES ($1, $2, 'event', $3, $4, 0)")
            {
                Parameters = { Value(Guid.CreateVersion7()), Value(organization.Organization.Key), Value(stored.Id), Value(now) },
            });
        }

        batch.BatchCommands.Add(new("SELECT pg_notify('onboarding_work', '')"));
        await batch.ExecuteNonQueryAsync();
        return ids;
    }

    /// <summary>So many deliveries wait for one endpoint, and it gets its turn.</summary>
    public static Task WaitAsync(BenchEnvironment environment, BenchOrganization organization, Guid endpoint, int count) => environment.ExecuteAsync($"""
        SELECT set_config('search_path', '{organization.Organization.Schema}', true);
        WITH message AS (INSERT INTO webhook_messages (id, type, occurred_at, body) SELECT gen_random_uuid(), 'member.verified', now(), '{Body}' FROM generate_series(1, {count}) RETURNING id)
        INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at) SELECT id, id, '{endpoint}', 'pending', 0, 0, now(), now() FROM message;
        INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{organization.Organization.Id}', 'wake', '{endpoint}', now(), 0);
        NOTIFY onboarding_work;
        """);

    /// <summary>Nothing waits for it any longer, as far as nobody is at it.</summary>
    public static Task ForgetAsync(BenchEnvironment environment, BenchOrganization organization, Guid endpoint) =>
        environment.ExecuteAsync($"UPDATE {organization.Organization.Schema}.webhook_deliveries SET status = 'skipped', next_attempt_at = NULL WHERE endpoint_id = '{endpoint}' AND status = 'pending'");

    /// <summary>Waits until what was received is recorded, too.</summary>
    public static async Task RecordedAsync(BenchEnvironment environment)
    {
        await using var left = environment.Postgres.CreateCommand("SELECT count(*) FROM platform.work");
        while ((long)(await left.ExecuteScalarAsync())! > 0)
        {
            await Task.Delay(50);
        }
    }

    private static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };
}
