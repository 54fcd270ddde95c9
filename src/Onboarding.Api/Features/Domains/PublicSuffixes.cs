using System.Collections.Frozen;

namespace Onboarding.Api.Features.Domains;

/// <summary>Domains of two labels and more under which anybody gets one. A short list of the common ones: what proves a domain is its record.</summary>
internal static class PublicSuffixes
{
    private static readonly FrozenSet<string> All = new[]
    {
        "ac.uk", "co.uk", "gov.uk", "ltd.uk", "me.uk", "net.uk", "org.uk", "plc.uk", "sch.uk",
        "com.au", "edu.au", "gov.au", "id.au", "net.au", "org.au", "ac.nz", "co.nz", "govt.nz", "net.nz", "org.nz",
        "co.jp", "ac.jp", "go.jp", "ne.jp", "or.jp", "co.kr", "or.kr", "com.cn", "edu.cn", "gov.cn", "net.cn", "org.cn", "com.hk", "com.tw", "com.sg",
        "co.in", "firm.in", "gen.in", "ind.in", "net.in", "org.in", "co.id", "or.id", "com.my", "com.ph", "co.th", "com.vn", "com.pk", "com.bd",
        "com.br", "net.br", "org.br", "com.ar", "com.mx", "com.co", "com.pe", "com.ve", "com.ec", "com.uy",
        "co.za", "org.za", "com.ng", "co.ke", "com.eg", "com.gh", "co.il", "org.il", "com.sa", "com.tr", "com.ua", "com.pl", "net.pl", "org.pl",
        "co.at", "or.at", "com.es", "org.es", "com.gr", "com.pt", "com.ro", "co.hu", "com.cy", "com.mt",
        "github.io", "gitlab.io", "pages.dev", "workers.dev", "web.app", "firebaseapp.com", "netlify.app", "vercel.app", "herokuapp.com", "fly.dev", "onrender.com",
        "azurewebsites.net", "cloudfront.net", "amazonaws.com", "appspot.com", "run.app", "blogspot.com", "wordpress.com", "ngrok.io", "ngrok.app", "eu.org", "us.com", "uk.com", "de.com",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <param name="domain">In ASCII and lower case.</param>
    public static bool Contains(string domain) => All.Contains(domain);
}
