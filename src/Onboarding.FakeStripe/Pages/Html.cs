using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.Pages;

/// <summary>Small pieces of pages; everything that comes from outside is encoded here.</summary>
internal static class Html
{
    private const string Style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;color:#222;background:#f6f7fb}
        section{background:#fff;border:1px solid #dde;border-radius:.5rem;padding:1rem;margin:1rem 0}
        form{display:inline-block;margin:.2rem .3rem .2rem 0}
        button{font:inherit;padding:.4rem .8rem;border:1px solid #446;border-radius:.4rem;background:#fff;cursor:pointer}
        button.main{background:#4438ca;color:#fff}
        table{width:100%;border-collapse:collapse;display:block;overflow-x:auto}
        td,th{text-align:left;padding:.2rem .6rem .2rem 0;white-space:nowrap}
        .fake{background:#fff3c4;border:1px solid #e0c060;border-radius:.5rem;padding:.4rem .8rem}
        .told{color:#a00}
        """;

    public static string Page(string title, string body) => $"""
        <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
        <title>{Encode(title)} - Fake Stripe</title><style>{Style}</style></head>
        <body><p class="fake"><a href="/">Fake Stripe</a>: no money moves.</p><h1>{Encode(title)}</h1>{body}</body></html>
        """;

    public static string Encode(string? text) => WebUtility.HtmlEncode(text ?? "");

    public static string Button(string action, string label, string? name = null, string? value = null, string style = "") =>
        $"""<form method="post" action="{Encode(action)}"><button class="{style}" name="{Encode(name ?? "action")}" value="{Encode(value)}">{Encode(label)}</button></form>""";

    /// <summary>A link to where the customer came from; only to a web page, never to a script.</summary>
    public static string Link(string? url, string label) => IsWeb(url) ? $"""<a href="{Encode(url)}">{Encode(label)}</a>""" : "";

    public static bool IsWeb(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https");

    public static string Money(long amount, string currency) => $"{(amount / 100m).ToString("0.00", CultureInfo.InvariantCulture)} {currency.ToUpperInvariant()}";

    public static string Time(JsonObject thing, string name) => thing.NumberOrNull(name) is { } seconds
        ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC"
        : "-";
}
