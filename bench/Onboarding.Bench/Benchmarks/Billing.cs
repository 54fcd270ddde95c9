using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading.Channels;
using Npgsql;
using Onboarding.Tenancy;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-9: callbacks of Stripe as fast as they are taken, and at a steady rate until the product serves the plan that they are about.</summary>
/// <remarks>
/// Stripe is a fake in this process, which answers what the product fetches. Whoever asks the product for the plan does so
/// from its signal of the change on: that costs it one request for each change, and no figure is better than the truth.
/// </remarks>
internal sealed class Billing : Benchmark
{
    private const int Organizations = 200;
    private const int Clients = 32;
    private const int PerSecond = 50;
    private const int Seconds = 20;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromMilliseconds(5);

    /// <summary>A signal may be lost; then the question is asked without one.</summary>
    private static readonly TimeSpan WithoutSignal = TimeSpan.FromSeconds(1);

    public override string Id => "PERF-9";

    public override string Name => "billing";

    public override string What => "callbacks of Stripe of 200 organizations: accepted as fast as they come; 50 a second, until the changed plan is served";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        await using var fleet = await StripeFleet.StartAsync(environment, Organizations);
        report.Progress("warming up");
        await BenchRounds.WarmUpAsync(() => AcceptAsync(environment, fleet, WarmUp));
        report.Progress("as fast as they come");
        var accepted = await BenchRounds.RunAsync(() => AcceptAsync(environment, fleet, Round));
        report.Absolute(this, $"callbacks accepted from {Clients} connections while {Organizations} customers are followed", Target.Min(500), accepted[0]);

        report.Progress("steady");
        await fleet.SettleAsync();
        await fleet.CheckAsync();
        await using var signals = await Signals.ListenAsync(environment);
        using var client = fleet.Api.ClientFor(null);
        await FollowAsync(fleet, signals, client, seconds: 5);
        List<Sample> served = [], signalled = [];
        for (var round = 0; round < BenchRounds.Count; round++)
        {
            await fleet.SettleAsync();
            served.Add(await environment.Cpu.MeasureAsync(fleet.Api.Id, async () =>
            {
                var (seen, heard) = await FollowAsync(fleet, signals, client, Seconds);
                signalled.Add(heard);
                return seen;
            }));
        }

        await fleet.SettleAsync();
        await fleet.CheckAsync();
        var what = $"from the callback at {PerSecond} a second for {Seconds} s";
        report.Absolute(this, $"{what} to the changed plan in GET /features, p99", Target.Max(2_000), Sample.MedianOf(served));
        report.Absolute(this, $"{what} to the signal of the change, p99", target: null, Sample.MedianOf(signalled));
    }

    /// <summary>Tells of each customer in turn. Following them goes on meanwhile, and its processor time counts.</summary>
    private static async Task<Sample> AcceptAsync(BenchEnvironment environment, StripeFleet fleet, TimeSpan duration)
    {
        await fleet.SettleAsync();
        return await environment.Cpu.MeasureAsync(fleet.Api.Id, () => BenchLoad.RunAsync(
            fleet.Api.Address, next => fleet.Tell(fleet.Customers[(int)(next % fleet.Customers.Count)]), Clients, duration));
    }

    /// <summary>Changes at a steady rate. The clock of each starts when its callback is sent.</summary>
    private static async Task<(Sample Served, Sample Signalled)> FollowAsync(StripeFleet fleet, Signals signals, HttpClient client, int seconds)
    {
        using var self = Process.GetCurrentProcess();
        var cpu = self.TotalProcessorTime;

        // Who was changed longest ago is next, and never who is waited for still: a product that falls four seconds behind
        // slows this down, and has missed its target by then.
        var idle = Channel.CreateUnbounded<StripeCustomer>();
        foreach (var customer in fleet.Customers)
        {
            idle.Writer.TryWrite(customer);
        }

        var changes = new List<Task<Change>>();
        var started = Stopwatch.GetTimestamp();
        for (var sent = 0; sent < seconds * PerSecond; sent++)
        {
            var wait = TimeSpan.FromSeconds((double)sent / PerSecond) - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            var customer = await idle.Reader.ReadAsync();
            var callback = await fleet.ChangeAsync(customer);
            changes.Add(Task.Run(async () =>
            {
                try
                {
                    return await WatchAsync(customer, callback, signals, client);
                }
                catch (HttpRequestException)
                {
                    return Change.Lost;
                }
                finally
                {
                    idle.Writer.TryWrite(customer);
                }
            }));
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        var seen = await Task.WhenAll(changes);
        self.Refresh();
        var share = (self.TotalProcessorTime - cpu) / elapsed / Environment.ProcessorCount;
        return (Of(seen, change => change.Served, share), Of(seen, change => change.Signalled, share));
    }

    private static async Task<Change> WatchAsync(StripeCustomer customer, HttpRequestMessage callback, Signals signals, HttpClient client)
    {
        var signal = signals.Next(customer.Organization.Organization.Key);
        var sent = Stopwatch.GetTimestamp();
        using (callback)
        using (var answer = await client.SendAsync(callback))
        {
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return Change.Lost;
            }
        }

        await Task.WhenAny(signal, Task.Delay(WithoutSignal));
        while (await PlanAsync(customer, client) != customer.Plan)
        {
            if (Stopwatch.GetElapsedTime(sent) > Patience)
            {
                return Change.Lost;
            }

            await (signal.IsCompleted ? Task.Delay(BetweenQuestions) : Task.WhenAny(signal, Task.Delay(WithoutSignal)));
        }

        var served = Stopwatch.GetElapsedTime(sent);
        await Task.WhenAny(signal, Task.Delay(WithoutSignal));
        return new(served, signal.IsCompleted ? Stopwatch.GetElapsedTime(sent, await signal) : null);
    }

    private static async Task<string?> PlanAsync(StripeCustomer customer, HttpClient client)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, "/features");
        question.Headers.Host = customer.Organization.Host;
        question.Headers.Authorization = new AuthenticationHeaderValue("Bearer", customer.Token);
        using var answer = await client.SendAsync(question);
        answer.EnsureSuccessStatusCode();
        using var features = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
        return features.RootElement.GetProperty("plan").GetString();
    }

    private static Sample Of(IReadOnlyList<Change> changes, Func<Change, TimeSpan?> end, double share)
    {
        var seen = changes.Select(end).OfType<TimeSpan>().Select(latency => (int)latency.TotalMicroseconds).ToArray();
        var percentiles = Percentiles.Of(seen);
        return new(percentiles.P99, "ms", percentiles, changes.Count - seen.Length, share, changes.Count);
    }

    /// <summary>How long after its callback a change was there; null for one that never was.</summary>
    private sealed record Change(TimeSpan? Served, TimeSpan? Signalled)
    {
        public static Change Lost { get; } = new(null, null);
    }

    /// <summary>Hears, as every node does, which organizations have changed.</summary>
    private sealed class Signals : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<Guid, TaskCompletionSource<long>> awaited = new();
        private readonly CancellationTokenSource stopping = new();
        private readonly NpgsqlConnection connection;
        private Task listening = Task.CompletedTask;

        private Signals(NpgsqlConnection connection) => this.connection = connection;

        public static async Task<Signals> ListenAsync(BenchEnvironment environment)
        {
            var signals = new Signals(await environment.Postgres.OpenConnectionAsync());
            signals.connection.Notification += (_, e) =>
            {
                if (Guid.TryParse(e.Payload, out var organization) && signals.awaited.TryGetValue(organization, out var next))
                {
                    next.TrySetResult(Stopwatch.GetTimestamp());
                }
            };
            await using (var listen = new NpgsqlCommand($"LISTEN {ClusterSignals.Organization}", signals.connection))
            {
                await listen.ExecuteNonQueryAsync();
            }

            signals.listening = signals.RunAsync();
            return signals;
        }

        /// <summary>When the next one about an organization comes.</summary>
        public Task<long> Next(Guid organization) =>
            (awaited[organization] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await listening;
            await connection.DisposeAsync();
            stopping.Dispose();
        }

        private async Task RunAsync()
        {
            try
            {
                while (true)
                {
                    await connection.WaitAsync(stopping.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // The benchmark is over.
            }
        }
    }
}
