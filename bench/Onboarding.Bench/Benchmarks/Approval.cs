using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Onboarding.Api.Development;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Bench.Benchmarks;

/// <summary>PERF-6. The baseline is pgbench, sending what an approval writes in the same six round trips.</summary>
internal sealed class Approval : Benchmark
{
    private const int Organizations = 50;
    private const int Clients = 16;
    private const int Throughput = 150_000;
    private const int PerSecond = 100;
    private const int Seconds = 10;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(4);

    // What one approval leaves behind, by hand: state, audit line, event, pointer. The prepared protocol is pgbench's best.
    private const string Script = """
        \set n random(1, 1000)
        BEGIN;
        UPDATE members SET status = 'approved', role = 'user', decided_at = now(), decided_by = id, concurrency_stamp = gen_random_uuid()::text WHERE id = (SELECT id FROM bench_members WHERE n = :n);
        INSERT INTO audit_log (id, occurred_at, action, actor_kind, actor_id, subject_id, ip_address, request_id) VALUES (gen_random_uuid(), now(), 'member.approved', 'member', gen_random_uuid(), gen_random_uuid(), '127.0.0.1', 'c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4');
        INSERT INTO outbox (id, type, payload, occurred_at) VALUES (gen_random_uuid(), 'member.approved', '{"type":"member.approved","MemberId":"01990000-0000-7000-8000-000000000001","Role":"user","OccurredAt":"2026-01-01T00:00:00+00:00"}', now());
        INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), gen_random_uuid(), 'event', gen_random_uuid(), now(), 0);
        COMMIT;
        """;

    private int made;

    public override string Id => "PERF-6";

    public override string Name => "approval";

    public override string What => "approving, against pgbench at six round trips; from the request to the mail at the SMTP server";

    public override async Task RunAsync(BenchEnvironment environment, BenchReport report)
    {
        // Whoever approves counts the seats that are taken. So of no organization are thousands approved within seconds, which
        // nobody would have vacuumed, and pgbench, whose updates leave as much behind, writes to one of its own.
        var fleet = await environment.FleetAsync(Organizations + 1);
        await RateAsync(environment, report, fleet.Take(Organizations).ToList(), fleet[Organizations]);
        await MailAsync(environment, report, fleet.Take(Organizations).ToList());
    }

    private async Task RateAsync(BenchEnvironment environment, BenchReport report, IReadOnlyList<BenchOrganization> organizations, BenchOrganization pgbenchs)
    {
        report.Progress("people who wait");
        var requests = await WaitingAsync(environment, organizations, Throughput);
        await WaitingAsync(environment, pgbenchs, 1_000);
        await environment.ExecuteAsync($"""
            CREATE TABLE {pgbenchs.Organization.Schema}.bench_members (n int PRIMARY KEY, id uuid NOT NULL);
            INSERT INTO {pgbenchs.Organization.Schema}.bench_members SELECT row_number() OVER (), id FROM {pgbenchs.Organization.Schema}.members;
            """);
        await environment.ExecuteAsync("VACUUM (ANALYZE)");

        // What follows from an approval is measured below; here it waits, for both alike.
        await environment.ExecuteAsync("""
            CREATE FUNCTION platform.bench_wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.due_at := now() + interval ''1 year''; RETURN NEW; END';
            CREATE TRIGGER bench_wait BEFORE INSERT ON platform.work FOR EACH ROW EXECUTE FUNCTION platform.bench_wait();
            """);
        var script = Path.Combine(Path.GetTempPath(), $"onboarding-bench-{Environment.ProcessId}.sql");
        await File.WriteAllTextAsync(script, Script);
        try
        {
            await using var api = await environment.StartApiAsync();
            var next = -1;
            report.Progress("warming up");
            await BenchRounds.WarmUpAsync(ApproveAsync, () => PgbenchAsync(environment, pgbenchs.Organization, script));
            var rounds = await BenchRounds.RunAsync(() => PgbenchAsync(environment, pgbenchs.Organization, script), ApproveAsync);
            report.Ratio(this, "approvals, against pgbench at six round trips", rounds.Ratio(1, 0), Target.Min(.50), rounds[1], rounds[0]);

            Task<Sample> ApproveAsync() => environment.Cpu.MeasureAsync(api.Id, () => BenchLoad.RunAsync(
                api.Address, _ => Interlocked.Increment(ref next) is var mine && mine < requests.Count ? requests[mine].Request : null, Clients, Round));
        }
        finally
        {
            File.Delete(script);
            await environment.ExecuteAsync($"""
                DROP TRIGGER bench_wait ON platform.work;
                DROP FUNCTION platform.bench_wait();
                DROP TABLE {pgbenchs.Organization.Schema}.bench_members;
                TRUNCATE platform.work;
                """);
        }
    }

    private async Task MailAsync(BenchEnvironment environment, BenchReport report, IReadOnlyList<BenchOrganization> organizations)
    {
        await using var api = await environment.StartApiAsync();
        await MailAsync(environment, api.Address, organizations);
        var rounds = new List<Sample>();
        for (var round = 0; round < BenchRounds.Count; round++)
        {
            rounds.Add(await MailAsync(environment, api.Address, organizations));
        }

        report.Absolute(this, $"from the request to the mail at the SMTP server, at {PerSecond} a second, p99", Target.Max(250), Sample.MedianOf(rounds));
    }

    /// <summary>Approves at a steady rate. The clock starts when the request is sent, which is before the commit.</summary>
    private async Task<Sample> MailAsync(BenchEnvironment environment, Uri api, IReadOnlyList<BenchOrganization> organizations)
    {
        var waiting = await WaitingAsync(environment, organizations, PerSecond * Seconds);
        var sent = new long[waiting.Count];
        var started = Stopwatch.GetTimestamp();
        var load = await BenchLoad.RunAsync(
            api,
            next =>
            {
                if (next >= waiting.Count)
                {
                    return null;
                }

                var wait = TimeSpan.FromSeconds((double)next / PerSecond) - Stopwatch.GetElapsedTime(started);
                if (wait > TimeSpan.Zero)
                {
                    Thread.Sleep(wait);
                }

                sent[next] = Stopwatch.GetTimestamp();
                return waiting[(int)next].Request;
            },
            Clients,
            TimeSpan.FromMinutes(2));

        var latencies = new ConcurrentBag<int>();
        var lost = 0L;
        await Parallel.ForEachAsync(Enumerable.Range(0, waiting.Count), async (index, _) =>
        {
            try
            {
                var mail = await environment.Smtp.WaitForAsync(waiting[index].Email, timeout: TimeSpan.FromSeconds(30));
                latencies.Add((int)Stopwatch.GetElapsedTime(sent[index], mail.ReceivedAt).TotalMicroseconds);
            }
            catch (TimeoutException)
            {
                Interlocked.Increment(ref lost);
            }
        });
        var percentiles = Percentiles.Of([.. latencies]);
        return new(percentiles.P99, "ms", percentiles, load.Errors + lost, load.ClientShare, waiting.Count);
    }

    /// <summary>So many people all in all, of one organization after the other.</summary>
    private async Task<IReadOnlyList<(string Email, byte[] Request)>> WaitingAsync(BenchEnvironment environment, IReadOnlyList<BenchOrganization> organizations, int count)
    {
        var waiting = new List<IReadOnlyList<(string Email, byte[] Request)>>();
        foreach (var organization in organizations)
        {
            waiting.Add(await WaitingAsync(environment, organization, count / organizations.Count));
        }

        return [.. Enumerable.Range(0, count / organizations.Count).SelectMany(index => waiting.Select(list => list[index]))];
    }

    /// <summary>People whom an admin can approve, and the request by which one does.</summary>
    private async Task<IReadOnlyList<(string Email, byte[] Request)>> WaitingAsync(BenchEnvironment environment, BenchOrganization organization, int count)
    {
        await using var command = environment.Postgres.CreateCommand($"""
            INSERT INTO {organization.Organization.Schema}.members (id, user_name, normalized_user_name, email, normalized_email, full_name, status, registered_at, verified_at,
                email_confirmed, two_factor_enabled, lockout_enabled, access_failed_count, concurrency_stamp)
            SELECT gen_random_uuid(), name, upper(name), name || '@example.test', upper(name) || '@EXAMPLE.TEST', 'Wanda Waiting', 'pending_approval', now(), now(),
                true, false, false, 0, gen_random_uuid()::text
            FROM (SELECT 'waiting-' || n AS name FROM generate_series({made + 1}, {made += count}) n) AS names
            RETURNING id, email
            """);
        var members = new List<(Guid Id, string Email)>(count);
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                members.Add((reader.GetGuid(0), reader.GetString(1)));
            }
        }

        var token = environment.TokenOf(organization);
        return members.ConvertAll(member => (member.Email, BenchLoad.Request("POST", $"/members/{member.Id}/approve", organization.Host, token, json: "{}")));
    }

    private static async Task<Sample> PgbenchAsync(BenchEnvironment environment, Organization organization, string script)
    {
        var settings = new NpgsqlConnectionStringBuilder(environment.Database.OwnerConnectionString);
        var start = new ProcessStartInfo(
            Path.Combine(Path.GetDirectoryName((await PostgresBinaries.FindAsync(clusterVersion: null, CancellationToken.None)).Postgres)!, "pgbench"),
            ["-n", "-M", "prepared", "-c", Clients.ToString(CultureInfo.InvariantCulture), "-T", Round.TotalSeconds.ToString(CultureInfo.InvariantCulture), "-f", script, settings.Database!])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGHOST"] = settings.Host;
        start.Environment["PGPORT"] = settings.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = settings.Username;
        start.Environment["PGPASSWORD"] = settings.Password;
        start.Environment["PGOPTIONS"] = $"-c search_path={organization.Schema}";
        using var pgbench = Process.Start(start)!;
        var errors = pgbench.StandardError.ReadToEndAsync();
        var output = await pgbench.StandardOutput.ReadToEndAsync();
        await pgbench.WaitForExitAsync();
        var line = output.Split('\n').FirstOrDefault(line => line.StartsWith("tps = ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"pgbench said: {output}{await errors}");
        return new(double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture), "/s");
    }
}
