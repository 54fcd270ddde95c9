using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Tenancy.Webhooks;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-7: events committed at a steady rate, until they are at the receiver.</summary>
/// <remarks>
/// The load generator commits ten events of ten organizations every hundredth of a second, with their pointers, and rings
/// the bell as a node does; receiver and generator run in this process.
/// </remarks>
internal sealed class Webhooks : Benchmark
{
    private const int Organizations = 200;
    private const int PerSecond = 1_000;
    private const int Seconds = 60;
    private const int PerCommit = 10;

    public override string Id => "PERF-7";

    public override string Name => "webhooks";

    public override string What => "1,000 signed webhooks a second for a minute, 200 organizations, from commit to receipt; then the drain of a backlog (PERF-8)";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var fleet = await environment.FleetAsync(Organizations);
        var endpoints = await WebhookFleet.SubscribeAsync(environment, fleet, receiver.Url);
        await using (var api = await environment.StartApiAsync(WebhookFleet.Settings))
        {
            report.Progress("warming up");
            await SteadyAsync(environment, fleet, receiver, 10);
            report.Progress("steady");
            var steady = await environment.Cpu.MeasureAsync(api.Id, () => SteadyAsync(environment, fleet, receiver, Seconds));
            report.Absolute(this, $"from commit to receipt at {PerSecond} a second for {Seconds} s, p99", Target.Max(250), steady);
        }

        await new WebhookDrain(this).RunAsync(environment, report, receiver, fleet, endpoints);
    }

    private static async Task<Sample> SteadyAsync(BenchEnvironment environment, IReadOnlyList<BenchOrganization> fleet, WebhookReceiver receiver, int seconds)
    {
        using var self = Process.GetCurrentProcess();
        var cpu = self.TotalProcessorTime;
        receiver.Clear();
        var committed = new Dictionary<string, long>();
        var total = seconds * PerSecond;
        var started = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < total; sent += PerCommit)
        {
            var wait = TimeSpan.FromSeconds((double)sent / PerSecond) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            var ids = await WebhookFleet.CommitAsync(environment, Enumerable.Range(sent, PerCommit).Select(n => fleet[n % fleet.Count]));
            var at = Stopwatch.GetTimestamp();
            foreach (var id in ids)
            {
                committed.Add($"msg_{id:N}", at);
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        await receiver.WaitForAsync(total, TimeSpan.FromSeconds(60));
        await WebhookFleet.RecordedAsync(environment);
        self.Refresh();
        var latencies = committed.Where(pair => receiver.ReceivedAt.ContainsKey(pair.Key))
            .Select(pair => (int)Math.Max(0, Stopwatch.GetElapsedTime(pair.Value, receiver.ReceivedAt[pair.Key]).TotalMicroseconds)).ToArray();
        var percentiles = Percentiles.Of(latencies);
        return new(percentiles.P99, "ms", percentiles, total - latencies.Length, (self.TotalProcessorTime - cpu) / elapsed / Environment.ProcessorCount, total);
    }
}

/// <summary>PERF-8: a backlog, against a loop that signs and posts the same bodies and does nothing else.</summary>
internal sealed class WebhookDrain(Benchmark benchmark)
{
    private const int Backlog = 100_000;
    private const int Posters = 64;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(4);

    public async Task RunAsync(BenchEnvironment environment, BenchReport report, WebhookReceiver receiver, IReadOnlyList<BenchOrganization> fleet, IReadOnlyList<Guid> endpoints)
    {
        report.Progress("backlog");
        await using var api = await environment.StartApiAsync(WebhookFleet.Settings);
        await DrainAsync(environment, receiver, fleet, endpoints, Backlog / 4);
        await PostAsync(receiver);
        var rounds = await BenchRounds.RunAsync(
            () => PostAsync(receiver),
            () => environment.Cpu.MeasureAsync(api.Id, () => DrainAsync(environment, receiver, fleet, endpoints, Backlog)));
        report.Ratio(benchmark, $"PERF-8: {Backlog:#,0} waiting deliveries, against a bare loop of signed POSTs", rounds.Ratio(1, 0), Target.Min(.45), rounds[1], rounds[0]);
    }

    private static async Task<Sample> DrainAsync(BenchEnvironment environment, WebhookReceiver receiver, IReadOnlyList<BenchOrganization> fleet, IReadOnlyList<Guid> endpoints, int count)
    {
        var each = count / fleet.Count;
        for (var i = 0; i < fleet.Count; i++)
        {
            await environment.ExecuteAsync($"""
                SELECT set_config('search_path', '{fleet[i].Organization.Schema}', true);
                TRUNCATE webhook_messages, webhook_deliveries, webhook_attempts, outbox;
                WITH message AS (INSERT INTO webhook_messages (id, type, occurred_at, body) SELECT gen_random_uuid(), 'member.verified', now(), '{WebhookFleet.Body}' FROM generate_series(1, {each}) RETURNING id)
                INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at) SELECT gen_random_uuid(), id, '{endpoints[i]}', 'pending', 0, 0, now(), now() FROM message;
                """);
        }

        await environment.ExecuteAsync("VACUUM (ANALYZE)");
        receiver.Clear();
        var pointers = string.Join(',', fleet.Zip(endpoints, (one, endpoint) => $"(gen_random_uuid(), '{one.Organization.Id}'::uuid, 'endpoint', '{endpoint}'::uuid, now(), 0)"));
        var started = Stopwatch.GetTimestamp();
        await environment.ExecuteAsync($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES {pointers}; NOTIFY onboarding_work;");
        await receiver.WaitForAsync(each * fleet.Count, TimeSpan.FromMinutes(3));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var lost = (each * fleet.Count) - receiver.Count;
        await WebhookFleet.RecordedAsync(environment);
        return new(receiver.Count / elapsed.TotalSeconds, "/s", Errors: lost, Requests: receiver.Count);
    }

    /// <summary>As fast as one process signs and posts, with nothing to look up and nothing to record.</summary>
    private static async Task<Sample> PostAsync(WebhookReceiver receiver)
    {
        receiver.Clear();
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { MaxConnectionsPerServer = Posters, UseProxy = false, ActivityHeadersPropagator = null });
        var secret = WebhookSecret.Generate(WebhookSecretKind.V1);
        var body = System.Text.Encoding.UTF8.GetBytes(WebhookFleet.Body);
        var started = Stopwatch.GetTimestamp();
        var done = 0L;
        await Task.WhenAll(Enumerable.Range(0, Posters).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < Round)
            {
                var id = $"msg_{Guid.CreateVersion7():N}";
                var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
                using var request = new HttpRequestMessage(HttpMethod.Post, receiver.Url) { Content = new ReadOnlyMemoryContent(body) };
                request.Headers.TryAddWithoutValidation("webhook-id", id);
                request.Headers.TryAddWithoutValidation("webhook-timestamp", now.ToString(CultureInfo.InvariantCulture));
                request.Headers.TryAddWithoutValidation("webhook-signature", secret.Sign(id, now, body));
                using var answer = await http.SendAsync(request, CancellationToken.None);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    Interlocked.Increment(ref done);
                }
            }
        })));
        return new(done / Stopwatch.GetElapsedTime(started).TotalSeconds, "/s", Requests: done);
    }
}

/// <summary>Endpoints and events of the fleet.</summary>
internal static class WebhookFleet
{
    public static readonly IReadOnlyDictionary<string, string?> Settings = new Dictionary<string, string?>
    {
        ["Webhooks:AllowPrivateNetworks"] = "true",

        // All endpoints of the fleet are one host; the loop that it is compared with has as many connections.
        ["Webhooks:MaxConnectionsPerHost"] = "64",
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

/// <summary>A receiver that does nothing but note when each message came first.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private int count;

    private WebhookReceiver(WebApplication app) => this.app = app;

    public Uri Url => new(new Uri(app.Urls.First()), "/hook");

    public ConcurrentDictionary<string, long> ReceivedAt { get; } = new(StringComparer.Ordinal);

    public int Count => Volatile.Read(ref count);

    public static async Task<WebhookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new WebhookReceiver(builder.Build());
        receiver.app.Run(context =>
        {
            if (receiver.ReceivedAt.TryAdd(context.Request.Headers["webhook-id"].ToString(), Stopwatch.GetTimestamp()))
            {
                Interlocked.Increment(ref receiver.count);
            }

            return Task.CompletedTask;
        });
        await receiver.app.StartAsync();
        return receiver;
    }

    public void Clear()
    {
        ReceivedAt.Clear();
        Volatile.Write(ref count, 0);
    }

    /// <summary>Waits for so many different messages; returns at the end of its patience too.</summary>
    public async Task WaitForAsync(int messages, TimeSpan patience)
    {
        var started = Stopwatch.GetTimestamp();
        while (Count < messages && Stopwatch.GetElapsedTime(started) < patience)
        {
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
