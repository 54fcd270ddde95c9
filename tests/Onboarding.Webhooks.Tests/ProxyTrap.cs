using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace Onboarding.Webhooks.Tests;

/// <summary>The proxy that the environment of this whole test process names (FAULT-14). Whoever obeys it ends here.</summary>
internal static class ProxyTrap
{
    /// <summary>The variables that name it.</summary>
    public static readonly string[] Variables = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

    /// <summary>The requests that came here.</summary>
    public static ConcurrentQueue<string> Caught { get; } = [];

    private static readonly RawReceiver Proxy = new(async (stream, cancellationToken) =>
    {
        Caught.Enqueue(await RawReceiver.ReadRequestAsync(stream, cancellationToken));
        await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), cancellationToken);
    });

    [ModuleInitializer]
    internal static void Set()
    {
        foreach (var name in Variables)
        {
            Environment.SetEnvironmentVariable(name, $"http://{IPAddress.Loopback}:{Proxy.Port}");
        }

        Environment.SetEnvironmentVariable("no_proxy", null);
        Environment.SetEnvironmentVariable("NO_PROXY", null);
    }
}
