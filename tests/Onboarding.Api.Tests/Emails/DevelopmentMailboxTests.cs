using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Onboarding.Api.Emails;

namespace Onboarding.Api.Tests.Emails;

public sealed class DevelopmentMailboxTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly DevelopmentMailbox _mailbox;
    private readonly HttpClient _http = new();
    private WebApplication? _app;

    public DevelopmentMailboxTests() => _mailbox = new DevelopmentMailbox(_clock);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_mailbox);
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapDevelopmentMailbox();
        await _app.StartAsync(Cancelled);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        _http.BaseAddress = new Uri(addresses.Addresses.Single());
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_json_has_the_documented_shape_newest_first()
    {
        await DeliverAsync("ada@example.test", "One");
        await DeliverAsync("bob@example.test", "Two");
        await DeliverAsync("ada@example.test", "Three");

        using var all = JsonDocument.Parse(await GetAsync("/dev/mailbox.json"));
        using var adas = JsonDocument.Parse(await GetAsync("/dev/mailbox.json?to=ADA%40example.test"));

        Assert.Equal(["Three", "Two", "One"], all.RootElement.EnumerateArray().Select(mail => mail.GetProperty("subject").GetString()));
        Assert.Equal(["Three", "One"], adas.RootElement.EnumerateArray().Select(mail => mail.GetProperty("subject").GetString()));
        Assert.Equal(
            ["to", "subject", "text", "html", "sent_at", "organization"],
            all.RootElement[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(_clock.GetUtcNow(), all.RootElement[0].GetProperty("sent_at").GetDateTimeOffset());
    }

    [Fact]
    public async Task The_page_encodes_everything_and_links_addresses()
    {
        await DeliverAsync("<script>to</script>", "<script>subject</script>", "Go to https://x.test/?a=1&b=\"><script>\n", "<head></head><script>\"</script>");

        var page = await GetAsync("/dev/mailbox?to=");

        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("<a href=\"https://x.test/?a=1&amp;b=\" target=\"_blank\"", page, StringComparison.Ordinal);
        Assert.Contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\"", page, StringComparison.Ordinal);
        Assert.Contains("<base target=\"_blank\">", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_newest_are_kept()
    {
        await Parallel.ForAsync(0, DevelopmentMailbox.Capacity * 2, Cancelled, async (i, _) => await DeliverAsync($"{i}@example.test", "Storm"));
        await DeliverAsync("last@example.test", "Last");

        Assert.Equal(DevelopmentMailbox.Capacity, _mailbox.Newest().Count);
        Assert.Equal("Last", _mailbox.Newest()[0].Subject);
    }

    private Task DeliverAsync(string to, string subject, string text = "Text", string html = "<p>Html</p>") =>
        _mailbox.SendAsync(new("1@x", "acme", to, "Ada", "noreply@x.test", "Acme", subject, html, text), Cancelled);

    private Task<string> GetAsync(string path) => _http.GetStringAsync(new Uri(path, UriKind.Relative), Cancelled);
}
