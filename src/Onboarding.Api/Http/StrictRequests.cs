using System.Net;
using System.Text;
using System.Text.Unicode;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Onboarding.Api.Http;

/// <summary>Turns away requests whose text cannot be read one way only, before anything looks at them.</summary>
internal static class StrictRequests
{
    /// <summary>
    /// 400 for control characters or bytes that are not UTF-8 in path and query: PostgreSQL refuses U+0000, and the
    /// framework would quietly turn broken UTF-8 into U+FFFD. 415 for JSON in another encoding than UTF-8
    /// (RFC 8259, section 8.1).
    /// </summary>
    public static IApplicationBuilder UseStrictRequests(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (!IsReadable(Target(context)))
        {
            return Problems
                .BadRequest("request.malformed", "The address holds control characters or is not UTF-8.")
                .ExecuteAsync(context);
        }

        if (context.Request.HasJsonContentType() && !IsUtf8(context.Request.ContentType))
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return Task.CompletedTask;
        }

        return next(context);
    });

    private static string Target(HttpContext context) =>
        context.Features.Get<IHttpRequestFeature>() is { RawTarget: { Length: > 0 } raw }
            ? raw
            : context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();

    private static bool IsReadable(string target)
    {
        if (!target.Contains('%', StringComparison.Ordinal))
        {
            return true; // A server lets only printable ASCII through unescaped.
        }

        var escaped = Encoding.UTF8.GetBytes(target);
        var bytes = WebUtility.UrlDecodeToBytes(escaped, 0, escaped.Length) ?? [];
        return Utf8.IsValid(bytes) && !bytes.AsSpan().ContainsAnyInRange((byte)0x00, (byte)0x1F) && !bytes.Contains((byte)0x7F);
    }

    private static bool IsUtf8(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
