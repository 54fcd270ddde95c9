using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Onboarding.Webhooks.Sending;
using Quartz;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-8: a backlog of webhooks, against a loop that signs and posts the same bodies and does nothing else, and against a Quartz job for each.</summary>
internal sealed class Drain : Benchmark
{
    private const int Organizations = 200;
    private const int Backlog = 100_000;
    private const int Posters = 64;
    private const int Jobs = 2_000;

    // The first 48 bits of an id of ours are its time, so ids of one time are neighbours in an index.
    private const string TimeOrdered = "(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + n), 12, '0') || substr(replace(gen_random_uuid()::text, '-', ''), 13))::uuid";

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(4);

    public override string Id => "PERF-8";

    public override string Name => "drain";

    public override string What => $"{Backlog:#,0} waiting webhooks of {Organizations} organizations, against a bare loop of signed POSTs and against a Quartz job for each";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var fleet = await environment.FleetAsync(Organizations);
        var endpoints = await WebhookFleet.SubscribeAsync(environment, fleet, receiver.Url);
        await using var api = await environment.StartApiAsync(WebhookFleet.Settings);
        report.Progress("warming up");
        await DrainAsync(environment, receiver, fleet, endpoints, api.Id);
        await DrainAsync(environment, receiver, fleet, endpoints, api.Id);
        await PostAsync(receiver);
        await JobsAsync(environment, receiver);
        report.Progress("draining");
        var rounds = await BenchRounds.RunAsync(
            () => PostAsync(receiver),
            () => DrainAsync(environment, receiver, fleet, endpoints, api.Id),
            () => JobsAsync(environment, receiver));
        report.Ratio(this, "against a bare loop of signed POSTs", rounds.Ratio(1, 0), Target.Min(.45), rounds[1], rounds[0]);
        report.Ratio(this, "against a Quartz job for each", rounds.Ratio(1, 2), Target.Min(15), rounds[1], rounds[2]);
    }

    private static async Task<Sample> DrainAsync(BenchEnvironment environment, WebhookReceiver receiver, IReadOnlyList<BenchOrganization> fleet, IReadOnlyList<Guid> endpoints, int api)
    {
        const int each = Backlog / Organizations;
        for (var i = 0; i < fleet.Count; i++)
        {
            await environment.ExecuteAsync($"""
                SELECT set_config('search_path', '{fleet[i].Organization.Schema}', true);
                TRUNCATE webhook_messages, webhook_deliveries, webhook_attempts, outbox;
                WITH message AS (INSERT INTO webhook_messages (id, type, occurred_at, body) SELECT {TimeOrdered}, 'member.verified', now(), '{WebhookFleet.Body}' FROM generate_series(1, {each}) AS n RETURNING id)
                INSERT INTO webhook_deliveries (id, message_id, endpoint_id, status, attempts, tries, next_attempt_at, created_at) SELECT id, id, '{endpoints[i]}', 'pending', 0, 0, now(), now() FROM message;
                """);
        }

        await environment.ExecuteAsync("VACUUM (ANALYZE)");
        await environment.ExecuteAsync("CHECKPOINT");
        receiver.Clear();
        return await environment.Cpu.MeasureAsync(api, () => DrainAsync(environment, receiver, fleet, endpoints));
    }

    private static async Task<Sample> DrainAsync(BenchEnvironment environment, WebhookReceiver receiver, IReadOnlyList<BenchOrganization> fleet, IReadOnlyList<Guid> endpoints)
    {
        var pointers = string.Join(',', fleet.Zip(endpoints, (one, endpoint) => $"(gen_random_uuid(), '{one.Organization.Id}'::uuid, 'endpoint', '{endpoint}'::uuid, now(), 0)"));
        var started = Stopwatch.GetTimestamp();
        await environment.ExecuteAsync($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES {pointers}; NOTIFY onboarding_work;");
        await receiver.WaitForAsync(Backlog, TimeSpan.FromMinutes(3));
        var received = receiver.Count;

        // Drained is what is recorded, too.
        await WebhookFleet.RecordedAsync(environment);
        return new(received / Stopwatch.GetElapsedTime(started).TotalSeconds, "/s", Errors: Backlog - received, Requests: received);
    }

    /// <summary>As fast as one process signs and posts, with nothing to look up and nothing to record.</summary>
    private static async Task<Sample> PostAsync(WebhookReceiver receiver)
    {
        receiver.Clear();
        using var poster = new Poster(receiver.Url);
        var started = Stopwatch.GetTimestamp();
        var done = 0L;
        await Task.WhenAll(Enumerable.Range(0, Posters).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < Round)
            {
                if (await poster.PostAsync($"msg_{Guid.CreateVersion7():N}"))
                {
                    Interlocked.Increment(ref done);
                }
            }
        })));
        return new(done / Stopwatch.GetElapsedTime(started).TotalSeconds, "/s", Requests: done);
    }

    /// <summary>A durable job of Quartz for each webhook, in a clustered store on the same server: what a queue that is not built for this does.</summary>
    private static async Task<Sample> JobsAsync(BenchEnvironment environment, WebhookReceiver receiver)
    {
        receiver.Clear();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.Services.AddSingleton<DbDataSource>(environment.Postgres);
        builder.Services.AddSingleton(new Poster(receiver.Url));
        builder.Services.AddQuartz("jobs", scheduler =>
        {
            scheduler.ConfigureScheduler(options => options.GenerateInstanceId = true);
            scheduler.UseDefaultThreadPool(maxConcurrency: Posters);
            scheduler.UsePersistentStore(store =>
            {
                store.UsePostgres(database => database.UseRegisteredDataSource = true);
                store.UseSystemTextJsonSerializer();
                store.UseClustering();
                store.ConfigureStore(options => (options.TablePrefix, options.StoreJobDataAsStrings) = ("quartz.qrtz_", true));
            });
        });
        using var host = builder.Build();
        var scheduler = await host.Services.GetRequiredKeyedService<ISchedulerFactory>("jobs").GetScheduler();
        await scheduler.Clear();
        var jobs = Enumerable.Range(0, Jobs).ToDictionary(
            n => JobBuilder.Create<PostJob>().WithIdentity($"job-{n}").UsingJobData("id", $"msg_{Guid.CreateVersion7():N}").Build(),
            n => (IReadOnlyCollection<ITrigger>)[TriggerBuilder.Create().WithIdentity($"trigger-{n}").StartNow().Build()]);
        await scheduler.ScheduleJobs(jobs);
        var started = Stopwatch.GetTimestamp();
        await scheduler.Start();
        await receiver.WaitForAsync(Jobs, TimeSpan.FromMinutes(1));
        var elapsed = Stopwatch.GetElapsedTime(started);
        await scheduler.Shutdown(waitForJobsToComplete: true);
        return new(receiver.Count / elapsed.TotalSeconds, "/s", Errors: Jobs - receiver.Count, Requests: receiver.Count);
    }

    /// <summary>One webhook, as a job of its own.</summary>
    internal sealed class PostJob(Poster poster) : IJob
    {
        public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken) => await poster.PostAsync(context.MergedJobDataMap.GetString("id")!);
    }

    /// <summary>Signs and posts, and nothing else.</summary>
    internal sealed class Poster(Uri url) : IDisposable
    {
        private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { MaxConnectionsPerServer = Posters, UseProxy = false, ActivityHeadersPropagator = null });
        private readonly WebhookSecret secret = WebhookSecret.Generate(WebhookSecretKind.V1);
        private readonly byte[] body = Encoding.UTF8.GetBytes(WebhookFleet.Body);

        public async Task<bool> PostAsync(string id)
        {
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(body) };
            request.Headers.TryAddWithoutValidation("webhook-id", id);
            request.Headers.TryAddWithoutValidation("webhook-timestamp", now.ToString(CultureInfo.InvariantCulture));
            request.Headers.TryAddWithoutValidation("webhook-signature", secret.Sign(id, now, body));
            using var answer = await http.SendAsync(request, CancellationToken.None);
            return answer.StatusCode == HttpStatusCode.OK;
        }

        public void Dispose() => http.Dispose();
    }
}
