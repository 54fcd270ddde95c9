using System.Net;
using System.Security.Cryptography.X509Certificates;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests.Sending;

/// <summary>The product's sender, with the machine's DNS, its rules or its clock exchanged where a test says so.</summary>
internal sealed class TestSender : IDisposable
{
    private readonly WebhookSender _sender;

    /// <param name="timeout">In seconds.</param>
    /// <param name="allowPrivateNetworks">As the option: lets the sender reach the receivers of the tests, which are on loopback.</param>
    /// <param name="resolve">The DNS.</param>
    /// <param name="mayConnect">The judgement of an address.</param>
    /// <param name="trusted">A certificate authority to trust besides.</param>
    /// <param name="clock">What stamps and signs.</param>
    public TestSender(
        double timeout = 15, bool allowPrivateNetworks = true, ResolveHost? resolve = null, Predicate<IPAddress>? mayConnect = null,
        X509Certificate2? trusted = null, TimeProvider? clock = null)
    {
        var options = new WebhookOptions { Timeout = TimeSpan.FromSeconds(timeout), AllowPrivateNetworks = allowPrivateNetworks };
        var handler = VettedConnection.Handler(options, resolve, mayConnect);
        if (trusted is not null)
        {
            var policy = handler.SslOptions.CertificateChainPolicy!;
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.Add(trusted);
        }

        _sender = new(options, clock ?? TimeProvider.System, handler);
    }

    /// <summary>A DNS that gives each name the same answer.</summary>
    public static ResolveHost Always(params string[] addresses) => (_, _) => Task.FromResult(Array.ConvertAll(addresses, IPAddress.Parse));

    public Task<WebhookExchange> SendAsync(
        Uri url, byte[]? body = null, WebhookSecret[]? secrets = null, CancellationToken cancellationToken = default, params (string Name, string Value)[] headers) =>
        _sender.SendAsync(
            new(
                url, "msg_1", body ?? "{}"u8.ToArray(), secrets ?? [WebhookSecret.Generate(WebhookSecretKind.V1)],
                StaticHeaders.From([.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))])),
            cancellationToken);

    public void Dispose() => _sender.Dispose();
}
