namespace Onboarding.Tenancy.SignIn;

/// <summary>How a member proved who they are: the values of <c>amr</c>, as RFC 8176 registers them.</summary>
public static class AuthenticationMethods
{
    /// <summary>A password.</summary>
    public const string Password = "pwd";

    /// <summary>A one-time password: of an authenticator app, or one of the recovery codes.</summary>
    public const string OneTimePassword = "otp";

    /// <summary>A key that does not leave its hardware: a passkey.</summary>
    public const string HardwareKey = "hwk";

    /// <summary>More than one factor, whichever they were; a remembered device is one, and has no name of its own.</summary>
    public const string MultiFactor = "mfa";
}
