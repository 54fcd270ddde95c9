using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Onboarding.Api.Setup;

/// <summary>How often one kind of call may come within <see cref="Window"/>, counted within each organization (SEC-6), or for the platform where it belongs to none.</summary>
internal sealed class RateLimit
{
    /// <summary>For one account from one network address. Never for the account alone: that would let anybody lock anybody out (SEC-20).</summary>
    [Range(1, 1_000_000)]
    public int PerAccount { get; set; } = 20;

    /// <summary>For one network address, whatever accounts it names: that is what spraying looks like.</summary>
    [Range(1, 1_000_000)]
    public int PerAddress { get; set; } = 60;

    /// <summary>For the organization as a whole; for the whole platform where the call belongs to none.</summary>
    [Range(1, 10_000_000)]
    public int PerOrganization { get; set; } = 3_000;

    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(15);
}

/// <summary>Section <c>RateLimits</c>: one limit for each kind of call that guesses, or that sends a mail.</summary>
internal sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    [ValidateObjectMembers]
    public RateLimit Register { get; set; } = new() { PerAccount = 5, PerAddress = 30, PerOrganization = 600 };

    /// <summary>Each call is a mail to somebody; their mailbox is to be spared, whoever asks (SEC-11).</summary>
    [ValidateObjectMembers]
    public RateLimit ResendOtp { get; set; } = new() { PerAccount = 5, PerAddress = 30, PerOrganization = 600 };

    [ValidateObjectMembers]
    public RateLimit VerifyOtp { get; set; } = new() { PerAccount = 20, PerAddress = 60, PerOrganization = 1_200 };

    [ValidateObjectMembers]
    public RateLimit SetPassword { get; set; } = new() { PerAddress = 60 };

    /// <summary>Each call is a mail to somebody, or up to a hundred.</summary>
    [ValidateObjectMembers]
    public RateLimit Invite { get; set; } = new() { PerAddress = 200, PerOrganization = 600 };

    [ValidateObjectMembers]
    public RateLimit AcceptInvitation { get; set; } = new() { PerAddress = 60 };

    [ValidateObjectMembers]
    public RateLimit Login { get; set; } = new() { PerAccount = 20, PerAddress = 200, PerOrganization = 10_000 };

    /// <summary>Names no account: tries of a member are counted for good (SEC-29), whatever address they come from.</summary>
    [ValidateObjectMembers]
    public RateLimit LoginMfa { get; set; } = new() { PerAddress = 200, PerOrganization = 10_000 };

    [ValidateObjectMembers]
    public RateLimit Refresh { get; set; } = new() { PerAccount = 60, PerAddress = 1_000, PerOrganization = 100_000 };

    /// <inheritdoc cref="ResendOtp"/>
    [ValidateObjectMembers]
    public RateLimit ForgotPassword { get; set; } = new() { PerAccount = 5, PerAddress = 30, PerOrganization = 600 };

    [ValidateObjectMembers]
    public RateLimit ResetPassword { get; set; } = new() { PerAddress = 60 };

    /// <summary>Each call is a guess at the current password, by whoever holds a session.</summary>
    [ValidateObjectMembers]
    public RateLimit ChangePassword { get; set; } = new() { PerAccount = 10, PerAddress = 60 };

    /// <inheritdoc cref="ResendOtp"/>
    [ValidateObjectMembers]
    public RateLimit ChangeEmail { get; set; } = new() { PerAccount = 5, PerAddress = 30, PerOrganization = 600 };

    /// <summary>Different API keys that are none (SEC-34). Names no account, and is counted for the address alone.</summary>
    [ValidateObjectMembers]
    public RateLimit UnknownApiKey { get; set; } = new() { PerAddress = 60, Window = TimeSpan.FromMinutes(1) };

    /// <summary>Each call is some at the payment provider, whose own limit all organizations share.</summary>
    [ValidateObjectMembers]
    public RateLimit Billing { get; set; } = new() { PerAccount = 20, PerAddress = 60, PerOrganization = 60, Window = TimeSpan.FromMinutes(1) };

    /// <summary>Each call has the payment provider asked.</summary>
    [ValidateObjectMembers]
    public RateLimit BillingRefresh { get; set; } = new() { PerAccount = 10, PerAddress = 60, PerOrganization = 120, Window = TimeSpan.FromMinutes(1) };

    /// <summary>Of super admins: there are few of them, and much to be had. Not for all together: anybody could use that up and keep them out.</summary>
    [ValidateObjectMembers]
    public RateLimit PlatformLogin { get; set; } = new() { PerAccount = 10, PerAddress = 30, PerOrganization = 10_000_000 };
    /// <summary>Changes of one organization's domains come one after the other.</summary>
    [ValidateObjectMembers]
    public RateLimit ChangeDomain { get; set; } = new() { PerAccount = 30, PerAddress = 60, PerOrganization = 60, Window = TimeSpan.FromMinutes(1) };

    /// <summary>Each call asks the DNS.</summary>
    [ValidateObjectMembers]
    public RateLimit VerifyDomain { get; set; } = new() { PerAccount = 10, PerAddress = 30, PerOrganization = 30, Window = TimeSpan.FromMinutes(1) };

    /// <inheritdoc cref="ResendOtp"/>
    [ValidateObjectMembers]
    public RateLimit CreateOrganization { get; set; } = new() { PerAccount = 5, PerAddress = 20, PerOrganization = 600 };

    [ValidateObjectMembers]
    public RateLimit VerifyOrganization { get; set; } = new() { PerAccount = 20, PerAddress = 60, PerOrganization = 1_200 };

    /// <summary>A form asks while somebody types.</summary>
    [ValidateObjectMembers]
    public RateLimit LookUpOrganization { get; set; } = new() { PerAddress = 120, PerOrganization = 6_000, Window = TimeSpan.FromMinutes(1) };

    /// <summary>Each call reads a whole audit log.</summary>
    [ValidateObjectMembers]
    public RateLimit VerifyAuditLog { get; set; } = new() { PerAccount = 20, PerAddress = 30, PerOrganization = 60 };

    [ValidateObjectMembers]
    public RateLimit ConfirmEmail { get; set; } = new() { PerAccount = 20, PerAddress = 60, PerOrganization = 1_200 };
}

/// <summary>Checks the nested limits too; the code is generated.</summary>
[OptionsValidator]
internal sealed partial class RateLimitOptionsValidator : IValidateOptions<RateLimitOptions>;
