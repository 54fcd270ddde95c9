namespace Onboarding.FakeStripe;

/// <summary>An event as it is sent, byte for byte.</summary>
public sealed record FakeEvent(string Id, string Type, string Json);
