using System.ComponentModel.DataAnnotations;

namespace Onboarding.Api.SignIn;

/// <summary>Section <c>SignIn</c>: lifetimes of sessions and tokens.</summary>
internal sealed class SignInOptions
{
    public const string Section = "SignIn";

    /// <summary>How long an access token is good for; also how long a revocation has to be remembered.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>A session that lies unused for so long has ended (SEC-26).</summary>
    [Range(typeof(TimeSpan), "00:05:00", "90.00:00:00")]
    public TimeSpan SessionIdle { get; set; } = TimeSpan.FromDays(14);

    /// <summary>A session ends after so long, however busy (SEC-26).</summary>
    [Range(typeof(TimeSpan), "00:05:00", "365.00:00:00")]
    public TimeSpan SessionAbsolute { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long one key signs. Its successor is published a day before it takes over.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "365.00:00:00")]
    public TimeSpan SigningKeyLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>PBKDF2-SHA512 iterations; OWASP asks for 210,000 or more (SEC-18).</summary>
    [Range(210_000, 10_000_000)]
    public int PasswordIterations { get; set; } = 210_000;
}
