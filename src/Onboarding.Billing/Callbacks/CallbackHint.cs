namespace Onboarding.Billing.Callbacks;

/// <summary>The envelope of a callback: whom to ask about. What it says of their state is not looked at.</summary>
/// <param name="EventId">The provider's id of it.</param>
/// <param name="Type">In the provider's words.</param>
/// <param name="CustomerExternalId">Whom it is about; null for nobody.</param>
/// <param name="OrganizationId">Whose it says it is; null where it says nothing.</param>
/// <param name="IsOtherVersion">Whether it was written for another version of the API than this build calls.</param>
/// <param name="IsAboutUs">False for what is about the other of live and test.</param>
public sealed record CallbackHint(
    string EventId, string Type, string? CustomerExternalId, Guid? OrganizationId, string? ApiVersion, bool IsOtherVersion, bool Livemode, bool IsAboutUs, DateTimeOffset? OccurredAt);

/// <summary>A callback is not taken.</summary>
/// <param name="code">Stable, for the answer.</param>
/// <param name="message">For people.</param>
public sealed class CallbackRefusedException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Stable, for the answer.</summary>
    public string Code { get; } = code;
}
