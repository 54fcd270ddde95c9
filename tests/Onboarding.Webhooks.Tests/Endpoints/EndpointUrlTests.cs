using CsCheck;
using Onboarding.Webhooks.Endpoints;

namespace Onboarding.Webhooks.Tests.Endpoints;

public sealed class EndpointUrlTests
{
    private static readonly string[] Starts = ["", "https://", "http://[", "https://a."];

    [Theory]
    [InlineData("https://example.com")]
    [InlineData("https://hooks.example.com:8443/a/b?c=d&e=%20")]
    [InlineData("HTTPS://EXAMPLE.COM/")]
    [InlineData("https://b\u00fccher.example/")]
    [InlineData("https://example.com/a@b?c@d")]
    [InlineData("https://example.com./")]
    [InlineData("https://8.8.8.8/")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    [InlineData("https://notlocalhost/")]
    [InlineData("https://localhost.example.com/")]
    public void A_public_https_url_is_taken(string url) => Assert.Null(EndpointUrl.Refusal(url, allowPrivateNetworks: false));

    [Theory] // SEC-40
    [InlineData("https://example.com/a", "https://EXAMPLE.com:443/b?c", true)]
    [InlineData("https://b\u00fccher.example/", "https://xn--bcher-kva.example/x", true)]
    [InlineData("https://example.com/", "http://example.com/", false)]
    [InlineData("https://example.com/", "https://example.com:8443/", false)]
    [InlineData("https://example.com/", "https://example.com.evil.example/", false)]
    [InlineData("https://example.com/", "https://hooks.example.com/", false)]
    public void The_same_server_is_scheme_host_and_port(string url, string other, bool isSame) =>
        Assert.Equal(isSame, EndpointUrl.IsSameOrigin(url, other));

    [Theory] // HOOK-16: in every spelling, and taken in Development.
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://017700000001/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://0x7F000001/")]
    [InlineData("https://127.0.0.1./")]
    [InlineData("https://127\u30020\u30020\u30021/")]
    [InlineData("https://0/")]
    [InlineData("https://10.1.2.3/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://0xa9fea9fe/")]
    [InlineData("https://2852039166/")]
    [InlineData("https://100.64.0.1/")]
    [InlineData("https://192.168.0.1/")]
    [InlineData("https://224.0.0.1/")]
    [InlineData("https://255.255.255.255/")]
    [InlineData("https://[::]/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[0:0:0:0:0:0:0:1]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[::127.0.0.1]/")]
    [InlineData("https://[64:ff9b::7f00:1]/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://[fe80::1%25eth0]/")]
    [InlineData("https://localhost/")]
    [InlineData("https://LocalHost:8443/")]
    [InlineData("https://localhost./")]
    [InlineData("https://localhost\u3002/")]
    [InlineData("https://acme.localhost/")]
    [InlineData("https://a.b.LOCALHOST./")]
    [InlineData("http://example.com/")]
    public void What_is_not_public_is_for_Development_alone(string url)
    {
        Assert.NotNull(EndpointUrl.Refusal(url, allowPrivateNetworks: false));
        Assert.Null(EndpointUrl.Refusal(url, allowPrivateNetworks: true));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("example.com")]
    [InlineData("/hooks")]
    [InlineData("//example.com/")]
    [InlineData("https:example.com")]
    [InlineData("https:///hooks")]
    [InlineData("https://")]
    [InlineData("https://./")]
    [InlineData("ftp://example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://example.com/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://user@example.com/")]
    [InlineData("https://user:password@example.com/")]
    [InlineData("https://@example.com/")]
    [InlineData("https://:@example.com/")]
    [InlineData("https://example.com@127.0.0.1/")]
    [InlineData("https://example.com/#")]
    [InlineData("https://example.com/#part")]
    [InlineData("https://example.com:0/")]
    [InlineData("https://example.com:65536/")]
    [InlineData(" https://example.com/")]
    [InlineData("https://example.com/\n")]
    [InlineData("https://example.com/a b")]
    [InlineData("https://exa\tmple.com/")]
    [InlineData("https://example.com\\@127.0.0.1/")]
    [InlineData("https://256.256.256.256/")]
    [InlineData("https://4294967296/")]
    [InlineData("https://1.2.3.4.5/")]
    [InlineData("https://-/")]
    public void Anything_else_is_refused_everywhere(string? url)
    {
        Assert.NotNull(EndpointUrl.Refusal(url, allowPrivateNetworks: false));
        Assert.NotNull(EndpointUrl.Refusal(url, allowPrivateNetworks: true));
    }

    [Fact]
    public void A_url_has_at_most_2000_characters()
    {
        const string Start = "https://example.com/";
        Assert.Null(EndpointUrl.Refusal(Start + new string('x', 2_000 - Start.Length), allowPrivateNetworks: false));
        Assert.NotNull(EndpointUrl.Refusal(Start + new string('x', 2_001 - Start.Length), allowPrivateNetworks: false));
    }

    [Fact] // SEC-45: junk gets a sentence, not an exception.
    public void Every_string_is_judged() => Gen.String.Sample(rest =>
    {
        foreach (var start in Starts)
        {
            _ = EndpointUrl.Refusal(start + rest, allowPrivateNetworks: false);
        }
    });
}
