using System.Buffers;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Onboarding.Api.Development;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Passkeys;

/// <summary>A real browser without a window, by the Chrome DevTools Protocol: one page, and an authenticator of its own.</summary>
/// <remarks>
/// Port 80 of every <c>*.localhost</c> leads to the product under test, so that pages have the very addresses that it is
/// configured with; browsers take these for secure contexts (W3C Secure Contexts, section 3.1).
/// </remarks>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Listening = "DevTools listening on ";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly string profile;
    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource patience = new(Patience);

    private string? session;
    private int lastId;

    private Chromium(Process process, string profile) => (this.process, this.profile) = (process, profile);

    /// <summary>Starts it and opens <paramref name="path"/> of the organization's host.</summary>
    public static async Task<Chromium> OpenAsync(TestOrganization organization, string path)
    {
        var program = Command.Find("chromium") ?? Command.Find("chromium-browser") ?? Command.Find("google-chrome");
        Assert.True(program is not null, "Chromium is missing: install the package chromium (`./dev test` does).");
        var profile = Directory.CreateTempSubdirectory("onboarding-chromium-").FullName;
        var start = new ProcessStartInfo(program,
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
            "--remote-debugging-port=0", $"--user-data-dir={profile}",
            $"--host-resolver-rules=MAP *.localhost:80 {organization.App.Address.Authority}", "about:blank",
        ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var browser = new Chromium(Process.Start(start)!, profile);
        try
        {
            await browser.ConnectAsync();
            await browser.NavigateAsync(new Uri($"http://{organization.Identifier}.localhost{path}"));
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives it a platform authenticator whose user is there and is verified without being asked.</summary>
    public async Task AddAuthenticatorAsync()
    {
        await CallAsync("WebAuthn.enable");
        await CallAsync("WebAuthn.addVirtualAuthenticator", new
        {
            options = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });
    }

    /// <summary>Runs an asynchronous function's body in the page, as if its user had clicked; returns what it returns.</summary>
    public async Task<JsonElement> RunAsync(string body, object? arguments = null)
    {
        var answer = await CallAsync("Runtime.evaluate", new
        {
            expression = $"(async args => {{ {body} }})({JsonSerializer.Serialize(arguments)})",
            awaitPromise = true,
            returnByValue = true,
            userGesture = true,
        });
        Assert.False(answer.TryGetProperty("exceptionDetails", out var thrown), $"{thrown}");
        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        patience.Dispose();

        // Its children may write for a moment longer; what they leave is in the temporary folder.
        try
        {
            Directory.Delete(profile, recursive: true);
        }
        catch (IOException)
        {
        }
    }

    private async Task ConnectAsync()
    {
        // Read to their ends, or the browser would stop at a full pipe.
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        var said = new List<string>();
        while (await process.StandardError.ReadLineAsync(patience.Token) is { } line)
        {
            said.Add(line);
            if (line.StartsWith(Listening, StringComparison.Ordinal))
            {
                _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                await socket.ConnectAsync(new Uri(line[Listening.Length..]), patience.Token);
                var target = await CallAsync("Target.createTarget", new { url = "about:blank" });
                session = (await CallAsync("Target.attachToTarget", new { targetId = target.GetProperty("targetId").GetString(), flatten = true })).GetProperty("sessionId").GetString();
                return;
            }
        }

        throw new InvalidOperationException($"Chromium ended: {string.Join('\n', said)}");
    }

    private async Task NavigateAsync(Uri url)
    {
        await CallAsync("Emulation.setFocusEmulationEnabled", new { enabled = true });
        var answer = await CallAsync("Page.navigate", new { url });
        Assert.False(answer.TryGetProperty("errorText", out var error), $"{error}");
        await Eventually.HoldsAsync(
            async () => (await RunAsync("return [location.origin, document.readyState].join(' ')")).GetString() == $"{url.GetLeftPart(UriPartial.Authority)} complete",
            $"{url} is loaded");
    }

    private async Task<JsonElement> CallAsync(string method, object? parameters = null)
    {
        var call = new JsonObject { ["id"] = ++lastId, ["method"] = method, ["params"] = JsonSerializer.SerializeToNode(parameters ?? new { }) };
        if (session is not null)
        {
            call["sessionId"] = session;
        }

        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(call), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        while (true)
        {
            var message = await ReceiveAsync();
            if (message.TryGetProperty("id", out var id) && id.GetInt32() == lastId)
            {
                Assert.False(message.TryGetProperty("error", out var error), $"{method}: {error}");
                return message.GetProperty("result");
            }
        }
    }

    private async Task<JsonElement> ReceiveAsync()
    {
        var message = new ArrayBufferWriter<byte>();
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(message.GetMemory(4096), patience.Token);
            message.Advance(part.Count);
        }
        while (!part.EndOfMessage);

        Assert.True(part.MessageType == WebSocketMessageType.Text, "Chromium closed the connection.");
        using var json = JsonDocument.Parse(message.WrittenMemory);
        return json.RootElement.Clone();
    }
}
