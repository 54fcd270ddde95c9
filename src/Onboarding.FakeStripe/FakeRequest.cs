namespace Onboarding.FakeStripe;

/// <summary>A request that the fake got. The parameters are in the order in which they came, with their names as sent (<c>items[0][id]</c>).</summary>
public sealed record FakeRequest(
    string Method,
    string Path,
    IReadOnlyList<KeyValuePair<string, string>> Query,
    IReadOnlyList<KeyValuePair<string, string>> Form,
    string? IdempotencyKey,
    string? ApiVersion);
