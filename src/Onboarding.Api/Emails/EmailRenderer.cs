using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Onboarding.Api.Emails;

internal sealed record RenderedEmail(string Subject, string Html, string Text);

/// <summary>Turns a mail into subject, HTML and text in an organization's branding. A singleton.</summary>
internal sealed class EmailRenderer(IServiceProvider services, ILoggerFactory loggers)
{
    public async Task<RenderedEmail> RenderAsync(EmailTemplate template, EmailBranding branding)
    {
        branding = branding with { OrganizationName = HeaderText.SingleLine(branding.OrganizationName) };
        var email = template.For(branding);
        var subject = HeaderText.SingleLine(email.Subject);

        var parameters = ParameterView.FromDictionary(new Dictionary<string, object?>
        {
            [nameof(EmailLayout.Branding)] = branding,
            [nameof(EmailLayout.Subject)] = subject,
            [nameof(EmailLayout.Preheader)] = email.Preheader,
            [nameof(EmailLayout.Body)] = email.Body,
        });

        // One renderer per mail: it keeps every root component until it is disposed of.
        await using var renderer = new HtmlRenderer(services, loggers);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<EmailLayout>(parameters)).ToHtmlString());

        return new RenderedEmail(subject, html, $"{email.Text.ReplaceLineEndings("\n").Trim()}\n\n-- \n{branding.OrganizationName}\n");
    }
}
