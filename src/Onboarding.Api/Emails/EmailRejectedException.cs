namespace Onboarding.Api.Emails;

/// <summary>A mail was not accepted. The message names no address and no content, so it may be logged and stored.</summary>
internal sealed class EmailRejectedException(string message, bool permanent, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>True when another attempt with the same mail cannot succeed (5yz, RFC 5321, 4.2.1).</summary>
    public bool IsPermanent { get; } = permanent;
}
