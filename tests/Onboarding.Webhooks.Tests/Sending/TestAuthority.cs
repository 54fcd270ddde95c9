using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Onboarding.Webhooks.Tests.Sending;

/// <summary>A certificate authority that lives as long as the test.</summary>
internal sealed class TestAuthority
{
    private static readonly DateTimeOffset From = TimeProvider.System.GetUtcNow().AddHours(-1);

    private readonly X509Certificate2 _root;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request("CN=Root of the tests", key, isAuthority: true);
        _root = request.CreateSelfSigned(From, From.AddDays(1));
        Root = X509CertificateLoader.LoadCertificate(_root.Export(X509ContentType.Cert));
    }

    /// <summary>What to trust; without its key.</summary>
    public X509Certificate2 Root { get; }

    public X509Certificate2 Issue(string host) => Issue(host, _root, issuersAddress: null);

    /// <summary>A certificate whose chain lacks a link, and which says where to fetch it (RFC 5280, section 4.2.2.1).</summary>
    public X509Certificate2 IssueByUnsentIntermediate(string host, Uri issuersAddress)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var intermediate = Request("CN=Intermediate of the tests", key, isAuthority: true)
            .Create(_root, From, From.AddHours(20), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
        return Issue(host, intermediate, issuersAddress);
    }

    private static X509Certificate2 Issue(string host, X509Certificate2 issuer, Uri? issuersAddress)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request($"CN={host}", key, isAuthority: false);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        if (issuersAddress is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, [issuersAddress.ToString()]));
        }

        using var certificate = request.Create(issuer, From, From.AddHours(10), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
        // Through PKCS#12, without which Windows finds no key.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    private static CertificateRequest Request(string subject, ECDsa key, bool isAuthority) => new(subject, key, HashAlgorithmName.SHA256)
    {
        CertificateExtensions = { new X509BasicConstraintsExtension(isAuthority, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true) },
    };
}
