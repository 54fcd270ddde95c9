using System.Net;
using System.Net.Sockets;

namespace Onboarding.Webhooks.Sending;

/// <summary>Which addresses are the public internet's; to all others no webhook is sent (HOOK-16, SEC-41).</summary>
/// <remarks>
/// The IANA special-purpose address registries (RFC 6890, RFC 8190 and what has been added since). Wherever an address
/// carries another one inside it, the whole block is refused rather than taken apart: IPv4-mapped and IPv4-compatible,
/// NAT64 (RFC 6052, RFC 8215), 6to4 and Teredo.
/// </remarks>
internal static class AddressRules
{
    private static readonly IPNetwork[] SpecialIPv4 = Networks(
        "0.0.0.0/8", // this network (RFC 791)
        "10.0.0.0/8", // private (RFC 1918)
        "100.64.0.0/10", // carrier-grade NAT (RFC 6598)
        "127.0.0.0/8", // loopback (RFC 1122)
        "168.63.129.16/32", // Azure's platform, from inside any of its virtual machines
        "169.254.0.0/16", // link-local, and with it the clouds' metadata (RFC 3927)
        "172.16.0.0/12", // private
        "192.0.0.0/24", // protocol assignments (RFC 6890)
        "192.0.2.0/24", // documentation (RFC 5737)
        "192.88.99.0/24", // 6to4 relays (RFC 7526)
        "192.168.0.0/16", // private
        "198.18.0.0/15", // benchmarking (RFC 2544)
        "198.51.100.0/24", // documentation
        "203.0.113.0/24", // documentation
        "224.0.0.0/4", // multicast (RFC 5771)
        "240.0.0.0/4"); // reserved, and broadcast (RFC 1112, RFC 919)

    // The only block that holds global unicast (RFC 4291). Outside it are ::, ::1, ::ffff:0:0/96, ::/96, 64:ff9b::/96,
    // 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
    private static readonly IPNetwork GlobalIPv6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] SpecialIPv6 = Networks(
        "2001::/23", // protocol assignments: Teredo, benchmarking, ORCHID (RFC 2928, RFC 4380, RFC 5180, RFC 7343)
        "2001:db8::/32", // documentation (RFC 3849)
        "2002::/16", // 6to4 (RFC 3056)
        "3fff::/20"); // documentation (RFC 9637)

    /// <summary>Whether everybody on the internet means the same machine by it.</summary>
    public static bool IsPublic(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Array.Exists(SpecialIPv4, network => network.Contains(address)),
        // IPNetwork takes a mapped address apart by itself: 2000::/3 "contains" ::ffff:8.8.8.8 (.NET 10).
        AddressFamily.InterNetworkV6 => !address.IsIPv4MappedToIPv6 && GlobalIPv6.Contains(address) && !Array.Exists(SpecialIPv6, network => network.Contains(address)),
        _ => false,
    };

    private static IPNetwork[] Networks(params string[] networks) => Array.ConvertAll(networks, IPNetwork.Parse);
}
