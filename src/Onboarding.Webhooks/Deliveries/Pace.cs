namespace Onboarding.Webhooks.Deliveries;

/// <summary>The pace of one endpoint: requests at even distances, so many a second (HOOK-19).</summary>
internal sealed class Pace
{
    private readonly Lock gate = new();

    /// <summary>When the next request may begin.</summary>
    public DateTimeOffset NotBefore { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Takes the next slot; null, and takes none, when it is not before <paramref name="end"/>.</summary>
    /// <param name="rate">Requests a second.</param>
    /// <param name="now">The time.</param>
    /// <param name="end">When the turn is over.</param>
    public DateTimeOffset? Next(int rate, DateTimeOffset now, DateTimeOffset end)
    {
        lock (gate)
        {
            var slot = now > NotBefore ? now : NotBefore;
            if (slot >= end)
            {
                return null;
            }

            NotBefore = slot + (TimeSpan.FromSeconds(1) / rate);
            return slot;
        }
    }
}
