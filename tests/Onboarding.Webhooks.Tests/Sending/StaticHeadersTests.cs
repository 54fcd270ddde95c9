using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class StaticHeadersTests
{
    [Theory]
    [InlineData("Authorization", "Bearer abc")]
    [InlineData("X-Api-Key", "k~!@#$%^&*()_+{}|:\"<>?")]
    [InlineData("traceparent", "")]
    [InlineData("Accept", "text/plain")]
    [InlineData("!#$%&'*+-.^_`|~09az", "any token is a name")]
    public void What_belongs_to_the_receiver_is_taken(string name, string value) => Assert.Null(Refusal((name, value)));

    [Theory]
    [InlineData("webhook-id")]
    [InlineData("Webhook-Timestamp")]
    [InlineData("WEBHOOK-SIGNATURE")]
    [InlineData("webhook-anything")]
    [InlineData("User-Agent")]
    [InlineData("host")]
    [InlineData("Connection")]
    [InlineData("Keep-Alive")]
    [InlineData("Transfer-Encoding")]
    [InlineData("Content-Type")]
    [InlineData("content-length")]
    [InlineData("Content-Anything")]
    [InlineData("Proxy-Authorization")]
    [InlineData("Proxy-Connection")]
    [InlineData("Upgrade")]
    [InlineData("HTTP2-Settings")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("Expect")]
    [InlineData("Allow")]
    [InlineData("Expires")]
    [InlineData("Last-Modified")]
    public void What_the_sender_writes_or_http_needs_is_refused(string name) => Assert.Contains(name, Refusal((name, "x")), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("X Y")]
    [InlineData("X:")]
    [InlineData(":authority")]
    [InlineData("X\r\nY")]
    [InlineData("X\0")]
    [InlineData("\u00dcber")]
    [InlineData("(x)")]
    public void A_name_is_a_token(string name) => Assert.NotNull(Refusal((name, "x")));

    [Theory]
    [InlineData("a\r\nWebhook-Id: forged")]
    [InlineData("a\nb")]
    [InlineData("a\rb")]
    [InlineData("a\0b")]
    [InlineData("a\tb")]
    [InlineData("a\u007fb")]
    [InlineData("a\u0085b")]
    [InlineData("\u00fc")]
    [InlineData("\u560d\u560a")] // ends in CR and LF when only the low bytes are written
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData(null)]
    public void A_value_is_printable_and_is_not_repeated_in_the_refusal(string? value)
    {
        var refusal = Refusal(("X-Test", value!));

        Assert.NotNull(refusal);
        Assert.DoesNotContain("forged", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_at_most_20_none_twice_and_none_too_long()
    {
        Assert.Null(Refusal([.. Enumerable.Range(1, 20).Select(i => ($"X-{i}", "x"))]));
        Assert.NotNull(Refusal([.. Enumerable.Range(1, 21).Select(i => ($"X-{i}", "x"))]));
        Assert.NotNull(Refusal(("X-Test", "1"), ("x-test", "2")));
        Assert.Null(Refusal((new string('n', 100), new string('v', 1_000))));
        Assert.NotNull(Refusal((new string('n', 101), "v")));
        Assert.NotNull(Refusal(("n", new string('v', 1_001))));
    }

    [Fact]
    public void What_is_refused_cannot_be_sent_and_what_is_sent_is_not_printed()
    {
        Assert.Throws<ArgumentException>(() => StaticHeaders.From([new("Host", "x")]));
        Assert.Equal("1 headers", $"{StaticHeaders.From([new("Authorization", "secret")])}");
    }

    private static string? Refusal(params (string Name, string Value)[] headers) =>
        StaticHeaders.Refusal([.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))]);
}
