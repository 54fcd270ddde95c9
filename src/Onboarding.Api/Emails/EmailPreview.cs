namespace Onboarding.Api.Emails;

/// <summary>One mail as the page of previews shows it.</summary>
public sealed record EmailPreview(string Name, string Subject, string Light, string Dark, string Text)
{
    /// <summary>Of a rendered mail. Which colours it shows is settled here, not by the settings of whoever looks.</summary>
    internal static EmailPreview Of(string name, RenderedEmail mail) =>
        new(name, mail.Subject, Settled(mail.Html, "light", "not all"), Settled(mail.Html, "dark", "all"), mail.Text);

    private static string Settled(string html, string scheme, string media) => html
        .Replace("(prefers-color-scheme: dark)", media, StringComparison.Ordinal)
        .Replace("light dark", scheme, StringComparison.Ordinal);
}
