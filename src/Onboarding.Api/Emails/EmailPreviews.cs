using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Emails;

/// <summary>Every mail with sample data, under the name that the queue knows it by; a test asks for each of them.</summary>
internal static class EmailPreviews
{
    private const string Name = "Ada Lovelace";
    private const string Code = "482913";
    private static readonly DateTimeOffset At = new(2030, 1, 2, 3, 4, 0, TimeSpan.Zero);
    private static readonly Uri Home = new("https://acme.example.com");

    public static EmailBranding Branding { get; } = new("Acme", Organization.DefaultAccentColor, LogoUrl: null);

    public static IReadOnlyDictionary<string, EmailTemplate> All { get; } = new SortedDictionary<string, EmailTemplate>(StringComparer.Ordinal)
    {
        ["verification_code"] = new VerificationCodeEmail { FullName = Name, Code = Code, MinutesValid = 10 },
        ["approved"] = new ApprovedEmail { FullName = Name, SetPasswordUrl = Link("set-password/sp_"), HoursValid = 72 },
        ["rejected"] = new RejectedEmail { FullName = Name, Reason = "We know nobody of this name.\nPlease write to us first." },
        ["account_exists"] = new AccountExistsEmail { FullName = Name, SignInUrl = Home },
        ["invitation"] = new InvitationEmail { InvitedBy = "Grace Hopper", AcceptUrl = Link("invitations/accept/iv_"), DaysValid = 7 },
        ["reset_password"] = new ResetPasswordEmail { FullName = Name, ResetPasswordUrl = Link("reset-password/rp_"), MinutesValid = 60 },
        ["password_changed"] = new PasswordChangedEmail { FullName = Name, Reset = false, ChangedAt = At },
        ["change_email_code"] = new ChangeEmailCodeEmail { FullName = Name, Code = Code, MinutesValid = 10 },
        ["email_changed"] = new EmailChangedEmail { FullName = Name, ChangedAt = At },
        ["membership_changed"] = new MembershipEmail { FullName = Name, Change = MembershipChange.RoleChanged, Role = "recruiter", SignInUrl = Home },
        ["waiting_members"] = new WaitingMembersEmail { FullName = Name, Count = 12, Longest = [new("Grace Hopper", 3), new("Edsger Dijkstra", 1)], QueueUrl = Home },
        ["new_sign_in"] = new NewSignInEmail { FullName = Name, Device = "Firefox on Windows", SignedInAt = At, IpAddress = "203.0.113.7" },
        ["endpoint_disabled"] = new EndpointDisabledEmail
        {
            FullName = Name, EndpointId = new("01990000-0000-7000-8000-000000000001"), Url = "https://example.com/hooks", Reason = WebhookDisabledReason.Failing, DisabledAt = At,
        },
        ["super_admin_entered"] = new SuperAdminEnteredEmail { FullName = Name, SuperAdmin = "root", Reason = "Ticket 4711: approvals seem stuck.", Write = false, EnteredAt = At, Until = At.AddMinutes(30) },
        ["organization_exported"] = new OrganizationExportedEmail { FullName = Name, SuperAdmin = "root", Reason = "Ticket 4712: they move to another installation.", ExportedAt = At },
        ["organization_code"] = new OrganizationCodeEmail { FullName = Name, OrganizationUrl = Home, Code = Code, MinutesValid = 10 },
        ["mfa_changed"] = new MfaChangedEmail { FullName = Name, Change = MfaChange.TotpEnabled, ChangedAt = At },
    };

    // As long as a real one, so that a preview breaks where the mail would.
    private static Uri Link(string path) => new(Home, path + new string('x', 43));
}
