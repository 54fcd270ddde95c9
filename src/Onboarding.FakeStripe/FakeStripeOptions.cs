namespace Onboarding.FakeStripe;

/// <summary>How a fake is set up.</summary>
public sealed record FakeStripeOptions
{
    /// <summary>Where it listens; a free loopback port unless told.</summary>
    public Uri ListenOn { get; init; } = new("http://127.0.0.1:0");

    /// <summary>How a browser reaches its pages, where that differs from where it listens.</summary>
    public Uri? PublicAddress { get; init; }

    /// <summary>The clock of all its objects.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The key that a caller has to show.</summary>
    public string ApiKey { get; init; } = "sk_test_fake";

    /// <summary>Where callbacks go; none are sent without it.</summary>
    public Uri? WebhookUrl { get; init; }

    /// <summary>Each of them signs each callback.</summary>
    public IReadOnlyList<string> WebhookSecrets { get; init; } = [];

    /// <summary>Where the state is kept across restarts; in memory alone without it.</summary>
    public string? StateFile { get; init; }

    /// <summary>What it sells.</summary>
    public IReadOnlyList<FakePrice> Prices { get; init; } = [];

    /// <summary>What its objects and events say of themselves.</summary>
    public bool Livemode { get; init; }

    /// <summary>The version that its events name.</summary>
    public string ApiVersionOfEvents { get; init; } = "2026-10-28.endive";
}
