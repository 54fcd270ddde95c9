using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Emails;

/// <summary>What a queued mail holds: to whom, and the mail itself.</summary>
internal sealed record EmailContent(string To, string ToName, EmailTemplate Mail);

/// <summary>Encrypts queued mails, for one organization each, or for the platform: another one's key does not open them.</summary>
internal sealed class EmailProtector(IDataProtectionProvider protection)
{
    private const string Platform = "platform";

    /// <param name="organization">Null for a mail of the platform's own.</param>
    public byte[] Protect(EmailContent content, Organization? organization) =>
        For(organization).Protect(JsonSerializer.SerializeToUtf8Bytes(content));

    /// <inheritdoc cref="Protect"/>
    public EmailContent Unprotect(byte[] content, Organization? organization) =>
        JsonSerializer.Deserialize<EmailContent>(For(organization).Unprotect(content))!;

    private IDataProtector For(Organization? organization) => protection.CreateProtector("emails", organization?.Id ?? Platform);
}
