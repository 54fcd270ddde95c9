using System.Net;
using CsCheck;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

public sealed class AddressRulesTests
{
    /// <summary>First and last address of every block, as the registries name it.</summary>
    [Theory] // HOOK-16
    [InlineData("0.0.0.0", "0.255.255.255")]
    [InlineData("10.0.0.0", "10.255.255.255")]
    [InlineData("100.64.0.0", "100.127.255.255")]
    [InlineData("127.0.0.0", "127.255.255.255")]
    [InlineData("169.254.0.0", "169.254.255.255")]
    [InlineData("169.254.169.254", "169.254.170.2")]
    [InlineData("168.63.129.16", "168.63.129.16")]
    [InlineData("172.16.0.0", "172.31.255.255")]
    [InlineData("192.0.0.0", "192.0.0.255")]
    [InlineData("192.0.2.0", "192.0.2.255")]
    [InlineData("192.88.99.0", "192.88.99.255")]
    [InlineData("192.168.0.0", "192.168.255.255")]
    [InlineData("198.18.0.0", "198.19.255.255")]
    [InlineData("198.51.100.0", "198.51.100.255")]
    [InlineData("203.0.113.0", "203.0.113.255")]
    [InlineData("224.0.0.0", "239.255.255.255")]
    [InlineData("240.0.0.0", "255.255.255.255")]
    [InlineData("::", "::1")]
    [InlineData("::7f00:1", "::ffff:ffff")] // IPv4-compatible
    [InlineData("::ffff:0.0.0.0", "::ffff:255.255.255.255")]
    [InlineData("::ffff:127.0.0.1", "::ffff:169.254.169.254")]
    [InlineData("::ffff:8.8.8.8", "::ffff:6.40.169.99")]
    [InlineData("64:ff9b::", "64:ff9b::ffff:ffff")]
    [InlineData("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("100::", "100::ffff:ffff:ffff:ffff")]
    [InlineData("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff")] // Teredo
    [InlineData("2001:2::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2002:7f00:1::", "2002:a9fe:a9fe::1")]
    [InlineData("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fd00::", "fd00:ec2::254")]
    [InlineData("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("fe80::1%1", "fe80::1%2")]
    [InlineData("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void An_address_that_is_not_everybodys_is_refused(string first, string last)
    {
        Assert.False(AddressRules.IsPublic(IPAddress.Parse(first)));
        Assert.False(AddressRules.IsPublic(IPAddress.Parse(last)));
    }

    [Theory] // The neighbours of those blocks, and some that everybody knows.
    [InlineData("1.0.0.0", "9.255.255.255")]
    [InlineData("11.0.0.0", "100.63.255.255")]
    [InlineData("100.128.0.0", "126.255.255.255")]
    [InlineData("128.0.0.0", "169.253.255.255")]
    [InlineData("168.63.129.15", "168.63.129.17")]
    [InlineData("169.255.0.0", "172.15.255.255")]
    [InlineData("172.32.0.0", "191.255.255.255")]
    [InlineData("192.0.1.0", "192.0.3.0")]
    [InlineData("192.88.98.255", "192.88.100.0")]
    [InlineData("192.167.255.255", "192.169.0.0")]
    [InlineData("198.17.255.255", "198.20.0.0")]
    [InlineData("198.51.99.255", "198.51.101.0")]
    [InlineData("203.0.112.255", "203.0.114.0")]
    [InlineData("223.255.255.255", "8.8.8.8")]
    [InlineData("2000::", "2606:4700:4700::1111")]
    [InlineData("2001:200::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2001:db9::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("2003::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void A_public_address_is_taken(string first, string last)
    {
        Assert.True(AddressRules.IsPublic(IPAddress.Parse(first)));
        Assert.True(AddressRules.IsPublic(IPAddress.Parse(last)));
    }

    [Fact] // HOOK-16: whichever IPv4 address it carries.
    public void No_address_that_carries_another_is_taken() => Gen.Byte.Array[4].Sample(ipv4 =>
    {
        byte[][] prefixes = [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], new byte[12]];
        Assert.All(prefixes, prefix => Assert.False(AddressRules.IsPublic(new IPAddress([.. prefix, .. ipv4]))));
        Assert.False(AddressRules.IsPublic(new IPAddress([0x20, 0x02, .. ipv4, .. new byte[10]])));
    });
}
