using System.Net;
using System.Reflection;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Onboarding.Api.Emails;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Emails;

public sealed partial class EmailPreviewsTests(ApiFixture fixture)
{
    private static readonly string[] Dark = ["ink", "soft", "link", "page", "card", "well"];

    public static TheoryData<string> Names => [.. EmailPreviews.All.Keys];

    [Fact]
    public void Every_mail_has_a_preview_under_the_name_that_the_queue_knows_it_by()
    {
        var mails = typeof(EmailTemplate).GetCustomAttributes<JsonDerivedTypeAttribute>()
            .Select(mail => $"{mail.TypeDiscriminator} {mail.DerivedType.Name}").Order(StringComparer.Ordinal);
        Assert.Equal(mails, EmailPreviews.All.Select(preview => $"{preview.Key} {preview.Value.GetType().Name}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_page_shows_every_mail_in_the_light_in_the_dark_and_as_text()
    {
        using var client = fixture.App.ClientFor(null);
        using var answer = await client.GetAsync("/dev/mails");
        var page = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("default-src 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        foreach (var name in EmailPreviews.All.Keys)
        {
            Assert.Contains($"href=\"/dev/mails/{name}\"", page, StringComparison.Ordinal);
            var (light, dark) = (Frame(page, $"{name}, light"), Frame(page, $"{name}, dark"));
            Assert.Contains("@media not all", light, StringComparison.Ordinal);
            Assert.Contains("@media all", dark, StringComparison.Ordinal);
            Assert.All([light, dark], frame => Assert.DoesNotContain("prefers-color-scheme", frame, StringComparison.Ordinal));
        }

        Assert.Equal(EmailPreviews.All.Count, page.Split("<pre>").Length - 1);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Each_mail_has_a_page_of_its_own(string name)
    {
        using var client = fixture.App.ClientFor(null);
        using var answer = await client.GetAsync($"/dev/mails/{name}");
        var html = await answer.Content.ReadAsStringAsync();

        Assert.Equal((HttpStatusCode.OK, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains("Sent by Acme", html, StringComparison.Ordinal);
        Assert.Contains(name == "invitation" ? "Hello," : "Hello Ada Lovelace,", html, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_is_no_page_of_a_mail_that_does_not_exist()
    {
        using var client = fixture.App.ClientFor(null);
        await (await client.GetAsync("/dev/mails/nonsense")).CodeAsync(HttpStatusCode.NotFound);
    }

    // Mail clients keep inline colours in the dark unless a class of the style sheet overrides them.
    [Theory, MemberData(nameof(Names))]
    public async Task No_colour_of_a_mail_vanishes_in_the_dark(string name)
    {
        using var client = fixture.App.ClientFor(null);
        var html = await client.GetStringAsync($"/dev/mails/{name}");
        var coloured = Coloured().Matches(html).Select(match => match.Value).ToList();

        Assert.NotEmpty(coloured);
        Assert.All(coloured, tag => Assert.True(Class().Match(tag) is { Success: true } c && c.Groups[1].Value.Split(' ').Intersect(Dark).Any(), tag));
        Assert.All(Dark, name => Assert.Contains($".{name} {{", html, StringComparison.Ordinal));
    }

    private static string Frame(string page, string title) =>
        WebUtility.HtmlDecode(Regex.Match(page, $"<iframe title=\"{title}\"[^>]* srcdoc=\"([^\"]*)\"").Groups[1].Value);

    // The accent and what stands on it are the same in the dark; everything else has to follow.
    [GeneratedRegex("<[^>]*color:#(?:16191d|5b6470|1d4f9f|f3f4f6)[^>]*>")]
    private static partial Regex Coloured();

    [GeneratedRegex("class=\"([^\"]*)\"")]
    private static partial Regex Class();
}
