using System.ComponentModel.DataAnnotations;

namespace Onboarding.Api.Emails;

internal enum SmtpSecurity
{
    /// <summary>Plain text; for a relay on the same host or network.</summary>
    None,

    /// <summary>TLS after STARTTLS; refuses to send without.</summary>
    StartTls,

    /// <summary>TLS from the first byte, usually port 465.</summary>
    Ssl,

    /// <summary>TLS where the server offers it; whoever sits on the line can take it away.</summary>
    Auto,
}

/// <summary>Section <c>Smtp</c>: how mails leave.</summary>
internal sealed class SmtpOptions : IValidatableObject
{
    public const string Section = "Smtp";

    [Required(ErrorMessage = "Smtp:Host is missing: the mail server.")]
    public string Host { get; set; } = "";

    [Range(1, 65535)]
    public int Port { get; set; } = 587;

    /// <summary>To sign in at the mail server; none where it asks for none.</summary>
    public string? UserName { get; set; }

    /// <summary>Belongs to it; sent under TLS alone.</summary>
    public string? Password { get; set; }

    /// <summary><c>StartTls</c>, <c>Ssl</c>, <c>Auto</c> (TLS where it is offered) or <c>None</c>.</summary>
    [EnumDataType(typeof(SmtpSecurity))]
    public SmtpSecurity Security { get; set; } = SmtpSecurity.StartTls;

    /// <summary>The sender of every mail; the name beside it is the organization's.</summary>
    [Required(ErrorMessage = "Smtp:FromAddress is missing: the sender of every mail.")]
    [EmailAddress(ErrorMessage = "Smtp:FromAddress is not an e-mail address.")]
    public string FromAddress { get; set; } = "";

    /// <summary>For one mail in total: waiting for a connection, connecting, sending. The queue's lease is longer.</summary>
    [Range(1, 60, ErrorMessage = "Smtp:TimeoutSeconds takes 1 to 60.")]
    public int TimeoutSeconds { get; set; } = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrEmpty(UserName) != string.IsNullOrEmpty(Password))
        {
            yield return new("Smtp:UserName and Smtp:Password belong together.", [nameof(UserName), nameof(Password)]);
        }

        if (!string.IsNullOrEmpty(Password) && Security is (SmtpSecurity.None or SmtpSecurity.Auto))
        {
            yield return new("Smtp:Password is only sent under TLS: set Smtp:Security to StartTls or Ssl.", [nameof(Security)]);
        }
    }
}
