namespace Onboarding.Tenancy;

/// <summary>The one way to make an id: UUIDv7 (RFC 9562), so that ids sort by time and indexes grow at their right edge.</summary>
public static class Ids
{
    /// <summary>A new id stamped with <paramref name="now"/>.</summary>
    public static Guid New(DateTimeOffset now) => Guid.CreateVersion7(now);
}
