using System.ComponentModel.DataAnnotations;
using System.Net;
using DnsClient;
using Microsoft.Extensions.Options;

namespace Onboarding.Api.Features.Domains;

/// <summary>Section <c>Dns</c>.</summary>
internal sealed class DnsOptions : IValidatableObject
{
    public const string Section = "Dns";

    /// <summary>Resolvers to ask, as <c>address</c> or <c>address:port</c>; those of the machine when there are none.</summary>
    public IList<string> Servers { get; } = [];

    /// <summary>For one question, however many resolvers are asked.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Servers
        .Where(server => !IPEndPoint.TryParse(server, out _))
        .Select(server => new ValidationResult($"Dns:Servers holds '{server}', which is no address such as 192.0.2.1 or 192.0.2.1:53.", [nameof(Servers)]));
}

/// <summary>Asks the DNS anew each time: whoever has just set a record wants to see it, and a record that is gone must not live on here.</summary>
internal sealed class DnsDomainRecords(IOptions<DnsOptions> options) : IDomainRecords
{
    private const int Port = 53;
    private const int Tries = 3;

    private readonly LookupClient client = new(Configure(options.Value));

    public async Task<IReadOnlyList<string>?> TextsAsync(string name, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.Value.Timeout);
        try
        {
            var answer = await client.QueryAsync(name, QueryType.TXT, QueryClass.IN, deadline.Token);
            return answer.Header.ResponseCode switch
            {
                DnsHeaderResponseCode.NoError => [.. answer.Answers.TxtRecords().Select(record => string.Concat(record.Text))],
                DnsHeaderResponseCode.NotExistentDomain => [],

                // The resolver, or the domain's own servers, are in trouble: that says nothing about the record.
                _ => null,
            };
        }
        catch (DnsResponseException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static LookupClientOptions Configure(DnsOptions options)
    {
        // Named none, it looks for those of the machine; an empty list of names is refused.
        var servers = options.Servers.Select(IPEndPoint.Parse).Select(server => new IPEndPoint(server.Address, server.Port == 0 ? Port : server.Port)).ToArray();
        var settings = servers.Length == 0 ? new LookupClientOptions() : new LookupClientOptions(servers);
        settings.UseCache = false;
        settings.ThrowDnsErrors = false;
        settings.Retries = Tries - 1;
        settings.Timeout = options.Timeout / Tries;
        return settings;
    }
}
