namespace Onboarding.Api.Development;

/// <summary>The private cluster cannot start. The first line of the message is for the developer at the terminal.</summary>
public sealed class PrivatePostgresException(string message) : Exception(message);
