using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Onboarding.Webhooks.Sending;

/// <summary>All addresses of a host name, as <see cref="Dns"/> gives them.</summary>
internal delegate Task<IPAddress[]> ResolveHost(string host, CancellationToken cancellationToken);

/// <summary>No connection could be had, or may be.</summary>
internal sealed class NoConnectionException(SendError error, Exception? cause = null) : Exception($"No connection: {error}.", cause)
{
    public SendError Error => error;
}

/// <summary>Connections to public addresses, and to no other (SEC-41).</summary>
/// <remarks>
/// A name is resolved once for each connection, all its addresses are judged, and the socket is given one of those very
/// addresses: between the judgement and the connect there is no second look-up that could answer something else (HOOK-17).
/// TLS and the Host header still go by the name.
/// </remarks>
internal sealed class VettedConnection(ResolveHost resolve, Predicate<IPAddress> mayConnect)
{
    // One dead address of a name must not eat the time of the others.
    private static readonly TimeSpan PerAddress = TimeSpan.FromSeconds(4);

    /// <summary>What exchanges go through: no redirects, proxy, cookies, decompression or trace headers, and an end to everything.</summary>
    public static SocketsHttpHandler Handler(WebhookOptions options, ResolveHost? resolve = null, Predicate<IPAddress>? mayConnect = null) => new()
    {
        ConnectCallback = new VettedConnection(
            resolve ?? Dns.GetHostAddressesAsync, mayConnect ?? (options.AllowPrivateNetworks ? _ => true : AddressRules.IsPublic)).ConnectAsync,
        // A proxy would connect in our place, to wherever it likes (FAULT-14).
        UseProxy = false,
        // A redirect would lead the signed body to whoever a receiver names (HOOK-13).
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        ConnectTimeout = options.Timeout,
        PooledConnectionLifetime = options.ConnectionLifetime,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        EnableMultipleHttp2Connections = true,
        MaxResponseHeadersLength = 32, // kB
        // What is left of an answer is not read to save its connection (FAULT-13).
        MaxResponseDrainSize = 0,
        SslOptions = new SslClientAuthenticationOptions
        {
            // Certificates name addresses too, of issuers and of revocation lists: fetching them would go past all this.
            CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
        },
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await AddressesAsync(host, cancellationToken);

        // One blocked address is enough: who points a name at the inside and the outside has no honest reason to.
        if (!Array.TrueForAll(addresses, mayConnect))
        {
            throw new NoConnectionException(SendError.BlockedAddress);
        }

        SocketException? last = null;
        foreach (var address in addresses)
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            }
            catch (SocketException e)
            {
                last = e;
            }
        }

        throw new NoConnectionException(SendError.Connect, last);
    }

    private async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
        {
            return [literal];
        }

        try
        {
            return await resolve(host, cancellationToken) is { Length: > 0 } addresses ? addresses : throw new NoConnectionException(SendError.Dns);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new NoConnectionException(SendError.Dns, e);
        }
    }

    /// <exception cref="SocketException">It takes no connection, or not soon enough.</exception>
    private static async Task<NetworkStream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(PerAddress);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, deadline.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
