using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Onboarding.Api.Emails;

/// <summary>A mail: its data, subject and both bodies stand together in one .razor file that inherits this class.</summary>
/// <remarks>
/// The instance is the data, so it is what the queue stores between composing and sending. Public properties are
/// stored; the rest is derived. A new mail is a .razor file and its <see cref="JsonDerivedTypeAttribute"/> below.
/// Never rename a discriminator: mails that wait in a queue carry it. Public because Razor generates public classes.
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "mail")]
[JsonDerivedType(typeof(VerificationCodeEmail), "verification_code")]
[JsonDerivedType(typeof(ApprovedEmail), "approved")]
[JsonDerivedType(typeof(RejectedEmail), "rejected")]
[JsonDerivedType(typeof(AccountExistsEmail), "account_exists")]
[JsonDerivedType(typeof(InvitationEmail), "invitation")]
[JsonDerivedType(typeof(MembershipEmail), "membership_changed")]
[JsonDerivedType(typeof(WaitingMembersEmail), "waiting_members")]
[JsonDerivedType(typeof(ResetPasswordEmail), "reset_password")]
[JsonDerivedType(typeof(PasswordChangedEmail), "password_changed")]
[JsonDerivedType(typeof(ChangeEmailCodeEmail), "change_email_code")]
[JsonDerivedType(typeof(EmailChangedEmail), "email_changed")]
[JsonDerivedType(typeof(NewSignInEmail), "new_sign_in")]
[JsonDerivedType(typeof(MfaChangedEmail), "mfa_changed")]
[JsonDerivedType(typeof(EndpointDisabledEmail), "endpoint_disabled")]
[JsonDerivedType(typeof(SuperAdminEnteredEmail), "super_admin_entered")]
[JsonDerivedType(typeof(OrganizationExportedEmail), "organization_exported")]
[JsonDerivedType(typeof(OrganizationCodeEmail), "organization_code")]
public abstract partial class EmailTemplate
{
    /// <summary>Inline styles, because mail clients drop style sheets.</summary>
    private protected const string HeadingStyle = "margin:0 0 20px;font-size:22px;line-height:30px;font-weight:600";

    private protected const string ParagraphStyle = "margin:0 0 16px";

    private protected const string NoteStyle = "margin:0 0 12px;font-size:14px;line-height:21px";

    /// <summary>Who sends; set by <see cref="For"/>, never stored: a mail shows the branding of the day it leaves.</summary>
    private protected EmailBranding Branding { get; private set; } = new("", "", null);

    internal abstract string Subject { get; }

    /// <summary>What mail clients show beside the subject in the list of mails. Never a secret: it is on lock screens.</summary>
    internal abstract string Preheader { get; }

    /// <summary>The plain text alternative, written by hand; it says the same as the HTML.</summary>
    internal abstract string Text { get; }

    /// <summary>The HTML between the layout's header and footer.</summary>
    internal RenderFragment Body => BuildRenderTree;

    internal EmailTemplate For(EmailBranding branding)
    {
        var copy = (EmailTemplate)MemberwiseClone();
        copy.Branding = branding;
        return copy;
    }

    /// <summary>"Hello Ada Lovelace,", or only "Hello," for a name that mail clients would turn into a link.</summary>
    /// <remarks>Anybody may register anybody's address under any name; this keeps our mails from carrying their advertisement.</remarks>
    private protected static string Greeting(string fullName) =>
        HeaderText.SingleLine(fullName) is { Length: > 0 and <= 100 } name && !Linkable().IsMatch(name)
            ? $"Hello {name},"
            : "Hello,";

    /// <summary>A name within a sentence; <paramref name="otherwise"/> for one that mail clients would turn into a link.</summary>
    private protected static string Mention(string fullName, string otherwise) =>
        HeaderText.SingleLine(fullName) is { Length: > 0 and <= 100 } name && !Linkable().IsMatch(name) ? name : otherwise;

    /// <summary>"26 November 2026, 03:04 UTC": mails are read in any time zone.</summary>
    private protected static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>Overridden by the code that Razor generates from the markup.</summary>
    protected virtual void BuildRenderTree(RenderTreeBuilder builder)
    {
    }

    [GeneratedRegex(@"[/\\@]|\w[.\u3002\uFF0E]\w{2}", RegexOptions.CultureInvariant)]
    private static partial Regex Linkable();
}
