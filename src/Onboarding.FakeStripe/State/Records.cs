namespace Onboarding.FakeStripe.State;

/// <summary>An event with the text that is sent and signed.</summary>
internal sealed record StoredEvent(string Id, string Type, long Created, string Text);

/// <summary>What a key was answered with, and what it was asked with.</summary>
internal sealed record StoredAnswer(string Request, int Status, string Body);

/// <summary>What a checkout session will make.</summary>
internal sealed record Order(string PriceId, long Quantity, long TrialDays, Dictionary<string, string> Metadata);

/// <summary>How a callback fares.</summary>
internal sealed class Delivery
{
    public required string EventId { get; init; }

    public required string Type { get; init; }

    public int Attempts { get; set; }

    public bool IsDone { get; set; }

    public DateTimeOffset NextAt { get; set; }

    public string Answer { get; set; } = "";
}
