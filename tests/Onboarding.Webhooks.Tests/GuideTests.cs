using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Onboarding.Testing;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks.Tests;

/// <summary>The snippets of docs/webhooks.md, run on what the sender signs: each takes the genuine, and refuses one changed byte and what is too old.</summary>
public sealed partial class GuideTests
{
    private static readonly byte[] Body = """{"type":"member.approved","timestamp":"2026-03-14T09:26:53Z","data":{"name":"Zoë"}}"""u8.ToArray();

    [Theory] // HOOK-2
    [InlineData("js library", WebhookSecretKind.V1)]
    [InlineData("js v1a", WebhookSecretKind.V1a)]
    public async Task JavaScript(string fence, WebhookSecretKind kind)
    {
        var file = Path.Combine(Customer.Home, "obj", $"{Path.GetRandomFileName()}.mjs");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, Snippet(fence) + """

            import { text } from "node:stream/consumers";
            const cases = JSON.parse(await text(process.stdin));
            console.log(JSON.stringify(cases.map(({ secret, headers, body }) => {
              try { return receive(secret, headers, Buffer.from(body, "base64")).type; } catch { return "refused"; }
            })));
            """, TestContext.Current.CancellationToken);
        try
        {
            await RequireAsync(kind, cases => Customer.NodeAsync(file, cases));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact] // HOOK-2
    public async Task Python()
    {
        const string Harness = """

            import sys
            answers = []
            for case in json.load(sys.stdin):
                try:
                    answers.append(receive(case["secret"], case["headers"], base64.b64decode(case["body"]))["type"])
                except ValueError:
                    answers.append("refused")
            print(json.dumps(answers))
            """;
        await RequireAsync(WebhookSecretKind.V1, cases => Customer.RunAsync("python3", ["-c", Snippet("python") + Harness], cases));
    }

    [Fact] // HOOK-2
    public async Task CSharp()
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            "guide", [CSharpSyntaxTree.ParseText(Snippet("csharp"))], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, generalDiagnosticOption: ReportDiagnostic.Error));
        using var assembly = new MemoryStream();
        var result = compilation.Emit(assembly);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        var receive = Assembly.Load(assembly.ToArray()).GetType("Receiver")!.GetMethod("Receive")!.CreateDelegate<Func<string, IReadOnlyDictionary<string, string>, byte[], JsonDocument>>();
        await RequireAsync(WebhookSecretKind.V1, cases => Task.FromResult(JsonSerializer.Serialize(JsonSerializer.Deserialize<List<Case>>(cases, JsonSerializerOptions.Web)!.ConvertAll(one =>
        {
            try
            {
                return receive(one.Secret, one.Headers, one.Body).RootElement.GetProperty("type").GetString();
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                return "refused";
            }
        }))));
    }

    private static async Task RequireAsync(WebhookSecretKind kind, Func<string, Task<string>> run)
    {
        var (secret, other) = (WebhookSecret.Generate(kind), WebhookSecret.Generate(kind));
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

        // Still the same JSON but for a letter, so that the signature alone can tell.
        var changed = Body.ToArray();
        changed[Body.AsSpan().IndexOf("Zo"u8)] ^= 2;
        var cases = new[]
        {
            Of(secret, now, Body, secret), Of(secret, now, Body, other, secret), Of(secret, now, Body, other),
            Of(secret, now, Body, secret) with { Body = changed }, Of(secret, now - 301, Body, secret), Of(secret, now + 310, Body, secret),
        };
        var answers = JsonSerializer.Deserialize<string[]>(await run(JsonSerializer.Serialize(cases, JsonSerializerOptions.Web)))!;
        Assert.Equal(["member.approved", "member.approved", "refused", "refused", "refused", "refused"], answers);
    }

    private static Case Of(WebhookSecret known, long at, byte[] body, params WebhookSecret[] signing) => new(
        known.PublicKey ?? known.Reveal(),
        new() { ["webhook-id"] = "msg_1", ["webhook-timestamp"] = $"{at}", ["webhook-signature"] = WebhookSecret.Sign(signing, "msg_1", at, body) },
        body);

    private static string Snippet(string fence)
    {
        var guide = File.ReadAllText(Path.Combine(Customer.Home, "..", "..", "docs", "webhooks.md"));
        return Assert.Single(Fences().Matches(guide), match => match.Groups["fence"].Value == fence).Groups["code"].Value;
    }

    [GeneratedRegex(@"^```(?<fence>[^\r\n]+)\r?\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();

    private sealed record Case(string Secret, Dictionary<string, string> Headers, byte[] Body);
}
