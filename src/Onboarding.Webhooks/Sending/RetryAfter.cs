using System.Globalization;
using System.Net.Http.Headers;

namespace Onboarding.Webhooks.Sending;

/// <summary>The header Retry-After (RFC 9110, section 10.2.3), in both its forms (HOOK-15).</summary>
internal static class RetryAfter
{
    /// <summary>How long the receiver asks to be left alone, at most <paramref name="max"/>; null when it does not say, or in no known form.</summary>
    public static TimeSpan? Parse(string? value, DateTimeOffset now, TimeSpan max)
    {
        if (value is null)
        {
            return null;
        }

        value = value.Trim();
        if (value.Length > 0 && value.All(char.IsAsciiDigit))
        {
            // More seconds than a number holds are many.
            return uint.TryParse(value, CultureInfo.InvariantCulture, out var seconds) ? Capped(TimeSpan.FromSeconds(seconds)) : max;
        }

        return RetryConditionHeaderValue.TryParse(value, out var parsed) && parsed.Date is { } date ? Capped(date - now) : null;

        TimeSpan Capped(TimeSpan pause) => pause < TimeSpan.Zero ? TimeSpan.Zero : pause > max ? max : pause;
    }
}
