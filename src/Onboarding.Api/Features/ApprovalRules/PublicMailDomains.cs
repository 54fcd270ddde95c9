using System.Collections.Frozen;

namespace Onboarding.Api.Features.ApprovalRules;

/// <summary>Domains at which anybody gets an address: who has one has proven to belong to nobody (ONB-9).</summary>
/// <remarks>An offline list: mail providers, access providers, forwarding and throw-away addresses of the world.</remarks>
internal static class PublicMailDomains
{
    private static readonly FrozenSet<string> All = Read();

    /// <param name="domain">In the form of <see cref="Tenancy.Members.EmailDomain"/>.</param>
    public static bool Contains(string domain) => All.Contains(domain);

    private static FrozenSet<string> Read()
    {
        using var reader = new StreamReader(typeof(PublicMailDomains).Assembly.GetManifestResourceStream("PublicMailDomains.txt")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToFrozenSet(StringComparer.Ordinal);
    }
}
