using System.Collections.Concurrent;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Billing;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.SignIn;

/// <summary>What is left of the month's requests, for the answer.</summary>
/// <param name="Limit">The plan's number.</param>
/// <param name="Used">How many were made, as far as this node knows: exact within the batches of others.</param>
/// <param name="ResetsAt">When the next month begins.</param>
internal sealed record ApiRequestsLeft(bool IsAllowed, long Limit, long Used, DateTimeOffset ResetsAt);

/// <summary>
/// Holds an organization's API keys to its plan's requests a month. A node takes them from the database in batches and then counts
/// in memory, so a request costs no query; all nodes together never take more than there are (BILL-23).
/// </summary>
/// <remarks>What a node has taken and not used goes back when it stops, or when the organization falls silent. A node that is killed loses its batch, which the organization then lacks.</remarks>
internal sealed partial class ApiRequestQuota(TenantScope tenants, Entitlements entitlements, TimeProvider clock, ILogger<ApiRequestQuota> logger)
{
    private const int LargestBatch = 200;

    /// <summary>How long a refusal is remembered; a larger plan counts at once.</summary>
    private static readonly TimeSpan RefusalRemembered = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, Allowance> allowances = new();

    /// <summary>Uses one request.</summary>
    public ValueTask<ApiRequestsLeft> UseAsync(Organization organization, CancellationToken cancellationToken)
    {
        var (limit, period) = (entitlements.QuotaOf(organization, QuotaNames.ApiRequests), Period());
        return Of(organization).TryUse(period, limit) is { } left ? new(left with { ResetsAt = Next(period) }) : TakeAsync(organization, limit, period, cancellationToken);
    }

    /// <summary>How many were made this month.</summary>
    public async Task<long> UsedAsync(TenantDbContext db, CancellationToken cancellationToken)
    {
        var taken = await UsageCounter.ReadAsync(db, QuotaNames.ApiRequests, Period(), cancellationToken);
        return Math.Max(0, taken - (allowances.TryGetValue(db.Organization!.Key, out var allowance) ? allowance.Unused(Period()) : 0));
    }

    /// <summary>Gives back what was taken for organizations that have made no request since the last call; of all of them when the node stops.</summary>
    public async Task GiveBackAsync(bool all, CancellationToken cancellationToken)
    {
        foreach (var (key, allowance) in allowances)
        {
            if (!all && !allowance.IsSilent())
            {
                continue;
            }

            // Once it is taken out it is given back whatever happens: nobody would find it again. Whoever holds it takes from the next one.
            cancellationToken.ThrowIfCancellationRequested();
            if (allowances.TryRemove(key, out var removed))
            {
                await GiveBackAsync(removed);
            }
        }
    }

    private Allowance Of(Organization organization) => allowances.GetOrAdd(organization.Key, static (_, of) => new(of), organization);

    // One organization that is gone, or cannot be reached, keeps no other from getting back what is theirs.
    private async Task GiveBackAsync(Allowance allowance)
    {
        using (await allowance.EnterAsync(CancellationToken.None))
        {
            if (allowance.Close() is not (var organization, var period, > 0 and var unused))
            {
                return;
            }

            try
            {
                await tenants.RunAsync(organization, services =>
                    UsageCounter.GiveBackAsync(services.GetRequiredService<TenantDbContext>(), QuotaNames.ApiRequests, period, unused, CancellationToken.None));
            }
            catch (Exception exception)
            {
                NotGivenBack(exception, organization.Id, unused);
            }
        }
    }

    private async ValueTask<ApiRequestsLeft> TakeAsync(Organization organization, long limit, DateOnly period, CancellationToken cancellationToken)
    {
        var allowance = Of(organization);
        using (await allowance.EnterAsync(cancellationToken))
        {
            if (allowance.IsClosed)
            {
                return await TakeAsync(organization, limit, period, cancellationToken);
            }

            if (allowance.TryUse(period, limit) is { } left)
            {
                return left with { ResetsAt = Next(period) };
            }

            var now = clock.GetUtcNow();
            if (!allowance.IsRefused(period, limit, now))
            {
                // The less is left, the smaller the batches, so that no node sits on what another one needs.
                var batch = Math.Clamp((limit - allowance.KnownUsed(period)) / 20, 1, LargestBatch);
                var (got, used) = await tenants.RunAsync(organization, services =>
                    UsageCounter.TakeAsync(services.GetRequiredService<TenantDbContext>(), QuotaNames.ApiRequests, period, batch, limit, cancellationToken));
                allowance.Add(period, limit, got, used, now + RefusalRemembered);
            }

            return (allowance.TryUse(period, limit) ?? new(IsAllowed: false, limit, allowance.KnownUsed(period), default)) with { ResetsAt = Next(period) };
        }
    }

    [LoggerMessage(LogLevel.Warning, "Organization {Organization} could not be given back {Unused} requests that this node had taken and not used.")]
    private partial void NotGivenBack(Exception exception, string organization, long unused);

    private DateOnly Period() => clock.GetUtcNow() is var now ? new(now.Year, now.Month, 1) : default;

    private static DateTimeOffset Next(DateOnly period) => new(period.AddMonths(1), TimeOnly.MinValue, TimeSpan.Zero);

    /// <summary>What this node has taken for one organization.</summary>
#pragma warning disable CA1001 // A semaphore whose handle nobody asks for holds nothing that has to be freed.
    private sealed class Allowance(Organization organization)
#pragma warning restore CA1001
    {
        private readonly Lock gate = new();
        private readonly SemaphoreSlim taking = new(1, 1);
        private DateOnly period;
        private long limit;
        private long unused;
        private long used;
        private DateTimeOffset refusedUntil;
        private bool touched;
        private bool closed;

        public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
        {
            await taking.WaitAsync(cancellationToken);
            return new Leaving(taking);
        }

        public ApiRequestsLeft? TryUse(DateOnly now, long quota)
        {
            lock (gate)
            {
                touched = true;
                if (closed || period != now || limit != quota || unused == 0)
                {
                    return null;
                }

                unused--;
                return new(IsAllowed: true, quota, used - unused, default);
            }
        }

        public bool IsRefused(DateOnly now, long quota, DateTimeOffset at)
        {
            lock (gate)
            {
                return period == now && limit == quota && at < refusedUntil;
            }
        }

        public long KnownUsed(DateOnly now)
        {
            lock (gate)
            {
                return period == now ? used - unused : 0;
            }
        }

        public long Unused(DateOnly now)
        {
            lock (gate)
            {
                return period == now && !closed ? unused : 0;
            }
        }

        public void Add(DateOnly now, long quota, long got, long total, DateTimeOffset refused)
        {
            lock (gate)
            {
                unused = period == now ? unused + got : got;
                (period, limit, used, refusedUntil) = (now, quota, total, got == 0 ? refused : default);
            }
        }

        public bool IsClosed
        {
            get
            {
                lock (gate)
                {
                    return closed;
                }
            }
        }

        public bool IsSilent()
        {
            lock (gate)
            {
                var silent = !touched;
                touched = false;
                return silent;
            }
        }

        public (Organization Organization, DateOnly Period, long Unused) Close()
        {
            lock (gate)
            {
                closed = true;
                return (organization, period, unused);
            }
        }

        private sealed class Leaving(SemaphoreSlim taking) : IDisposable
        {
            public void Dispose() => taking.Release();
        }
    }
}
