using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Onboarding.Webhooks.Tests;

/// <summary>What arrived, headers by lower-case name.</summary>
internal sealed record Received(string Method, string Target, string Protocol, string Connection, string? Sni, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>A well-behaved receiver on loopback; a certificate makes it one of HTTPS, with HTTP/2.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Received> All { get; } = [];

    public Received Last => All.Last();

    public int Port => new Uri(_app.Urls.First()).Port;

    /// <param name="answer">What it answers; 200 without a body when null.</param>
    /// <param name="certificate">Its TLS certificate.</param>
    /// <param name="address">Where it listens; 127.0.0.1 when null.</param>
    public static async Task<Receiver> StartAsync(RequestDelegate? answer = null, X509Certificate2? certificate = null, IPAddress? address = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address ?? IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                // Offline: a server too would fetch what its certificate names.
                var context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
                listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = context }) });
            }
        }));
        var receiver = new Receiver(builder.Build());
        receiver._app.Run(async context =>
        {
            receiver.All.Enqueue(await ReadAsync(context));
            await (answer?.Invoke(context) ?? Task.CompletedTask);
        });
        await receiver._app.StartAsync();
        return receiver;
    }

    public Uri Url(string host = "127.0.0.1", string scheme = "http", string path = "/hook") => new($"{scheme}://{host}:{Port}{path}");

    // Without waiting for requests that are still open.
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private static async Task<Received> ReadAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return new(
            context.Request.Method,
            context.Features.Get<IHttpRequestFeature>()!.RawTarget,
            context.Request.Protocol,
            context.Connection.Id,
            context.Features.Get<ITlsHandshakeFeature>()?.HostName,
            context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()),
            body.ToArray());
    }
}
