using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Contract;

namespace Onboarding.FakeStripe.Api;

/// <summary>Collects where a request, an answer or an event is not what Stripe's types say.</summary>
internal sealed class ContractGate
{
    // Half a megabyte of shapes: read once, for all fakes of a process.
    private static readonly Lazy<StripeContract> Shared = new(StripeContract.Load);

    // JSON nodes are filled in as they are read, so that even readers take turns.
    private static readonly Lock Turn = new();

    private readonly Lock gate = new();
    private readonly List<string> violations = [];

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (gate)
            {
                return [.. violations];
            }
        }
    }

    public string? Request(FakeRequest request) => Keep($"{request.Method} {request.Path}: request", Check(contract => contract.CheckRequest(request.Method, request.Path, Encode(request.Query), Encode(request.Form))));

    public string? Answer(FakeRequest request, int status, JsonNode body) => Keep($"{request.Method} {request.Path}: answer", Check(contract => contract.CheckResponse(request.Method, request.Path, status, body)));

    public void Event(JsonObject e) => Keep($"event {e["type"]}", Check(contract => contract.CheckEvent(e)));

    /// <summary>Keeps what is wrong; answers it as one sentence, or nothing.</summary>
    public string? Keep(string what, IReadOnlyList<string> found)
    {
        if (found.Count == 0)
        {
            return null;
        }

        var sentences = found.Select(one => $"{what}: {one}").ToList();
        lock (gate)
        {
            violations.AddRange(sentences);
        }

        return string.Join("; ", sentences);
    }

    private static IReadOnlyList<string> Check(Func<StripeContract, IReadOnlyList<string>> check)
    {
        lock (Turn)
        {
            return check(Shared.Value);
        }
    }

    private static string Encode(IEnumerable<KeyValuePair<string, string>> all) =>
        string.Join('&', all.Select(one => $"{Uri.EscapeDataString(one.Key)}={Uri.EscapeDataString(one.Value)}"));
}
