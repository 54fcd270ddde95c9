using System.Collections.Concurrent;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.SignIn;

/// <summary>Counts in this node's memory what API keys are used for; <see cref="Jobs.WriteApiKeyUsage"/> writes it down.</summary>
internal sealed class CountedApiKeys(TimeProvider clock)
{
    private readonly ConcurrentDictionary<(Guid Organization, Guid Key, DateOnly Day), Counter> counters = new();

    /// <summary>One request.</summary>
    /// <param name="refused">Whether it was refused for the key's network or its rate limit.</param>
    public void Count(Organization organization, Guid keyId, bool refused)
    {
        var now = clock.GetUtcNow();
        Add(organization, new(keyId, DateOnly.FromDateTime(now.UtcDateTime), 1, refused ? 1 : 0, now));
    }

    /// <summary>Adds what was counted; also what could not be written down, for the next time.</summary>
    public void Add(Organization organization, CountedUse use)
    {
        // A counter that was just taken out counts no more, and a new one takes its place.
        while (!counters.GetOrAdd((organization.Key, use.KeyId, use.Day), static _ => new()).TryAdd(organization, use))
        {
        }
    }

    /// <summary>Takes out everything that was counted, by organization.</summary>
    public IReadOnlyList<(Organization Organization, IReadOnlyList<CountedUse> Uses)> Take() =>
    [
        .. counters.Keys.Select(key => counters.TryRemove(key, out var counter) ? counter.Take(key.Key, key.Day) : null).OfType<(Organization Organization, CountedUse Use)>()
            .GroupBy(counted => counted.Organization.Key)
            .Select(group => (group.First().Organization, (IReadOnlyList<CountedUse>)[.. group.Select(counted => counted.Use)])),
    ];

    private sealed class Counter
    {
        private readonly Lock gate = new();
        private Organization? organization;
        private long requests;
        private long refused;
        private DateTimeOffset last;
        private bool taken;

        public bool TryAdd(Organization of, CountedUse use)
        {
            lock (gate)
            {
                if (taken)
                {
                    return false;
                }

                organization = of;
                requests += use.Requests;
                refused += use.Refused;
                last = use.LastUsedAt > last ? use.LastUsedAt : last;
                return true;
            }
        }

        public (Organization Organization, CountedUse Use)? Take(Guid keyId, DateOnly day)
        {
            lock (gate)
            {
                taken = true;
                return organization is null ? null : (organization, new(keyId, day, requests, refused, last));
            }
        }
    }
}
