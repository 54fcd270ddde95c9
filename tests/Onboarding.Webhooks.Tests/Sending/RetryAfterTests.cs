using CsCheck;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Max = TimeSpan.FromHours(1);

    [Theory] // HOOK-15
    [InlineData("0", 0)]
    [InlineData("120", 120)]
    [InlineData(" 120 ", 120)]
    [InlineData("3600", 3_600)]
    [InlineData("3601", 3_600)]
    [InlineData("4294967296", 3_600)]
    [InlineData("99999999999999999999999", 3_600)]
    [InlineData("Thu, 26 Nov 2026 12:02:00 GMT", 120)]
    [InlineData("Thursday, 26-Nov-26 12:02:00 GMT", 120)] // RFC 850
    [InlineData("Thu Nov 26 12:02:00 2026", 120)] // asctime
    [InlineData("Thu, 26 Nov 2026 11:59:00 GMT", 0)]
    [InlineData("Fri, 27 Nov 2026 12:00:00 GMT", 3_600)]
    public void Seconds_and_dates_are_read_and_capped(string value, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryAfter.Parse(value, Now, Max));

    [Theory] // HOOK-15
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("0x10")]
    [InlineData("1e3")]
    [InlineData("soon")]
    [InlineData("\u0661")] // a digit, but not of ASCII
    [InlineData("2026-11-26T12:02:00Z")]
    public void Anything_else_says_nothing(string? value) => Assert.Null(RetryAfter.Parse(value, Now, Max));

    [Fact] // HOOK-15
    public void No_pause_is_negative_or_beyond_the_cap() => Gen.String.Sample(value => RetryAfter.Parse(value, Now, Max) is not { } pause || (pause >= TimeSpan.Zero && pause <= Max));

    [Fact] // HOOK-15
    public void A_date_and_the_seconds_until_then_are_the_same_pause() => Gen.Int[0, 3_600].Sample(seconds =>
        RetryAfter.Parse($"{seconds}", Now, Max) == RetryAfter.Parse(Now.AddSeconds(seconds).ToString("R"), Now, Max));
}
