using System.Text.Json;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Onboarding.Api.Emails;

internal static class DevelopmentMailboxEndpoints
{
    // No script runs, on the page or in a mail; frames inherit this, so a mail may style itself and show its logo.
    private const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static readonly JsonSerializerOptions SnakeCase = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>For Development only: the mails carry codes, and nobody has to sign in to read them.</summary>
    public static IEndpointConventionBuilder MapDevelopmentMailbox(this IEndpointRouteBuilder endpoints)
    {
        var mailbox = endpoints.MapGroup("/dev").AllowAnonymous().ExcludeFromDescription().ExcludeFromMultiTenantResolution();
        mailbox.MapGet("/mailbox", ShowAsync);
        mailbox.MapGet("/mailbox.json", (DevelopmentMailbox mails, string? to = null) => TypedResults.Json(mails.Newest(to), SnakeCase));
        return mailbox;
    }

    private static async Task<ContentHttpResult> ShowAsync(
        HttpContext context, DevelopmentMailbox mails, ILoggerFactory loggers, string? to = null)
    {
        var parameters = ParameterView.FromDictionary(new Dictionary<string, object?>
        {
            [nameof(DevelopmentMailboxPage.Mails)] = mails.Newest(to),
            [nameof(DevelopmentMailboxPage.To)] = to,
        });

        await using var renderer = new HtmlRenderer(context.RequestServices, loggers);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<DevelopmentMailboxPage>(parameters)).ToHtmlString());

        context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Text(html, "text/html; charset=utf-8");
    }
}
