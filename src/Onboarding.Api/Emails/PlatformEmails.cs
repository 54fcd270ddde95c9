using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Emails;

/// <summary>Queues the mails that belong to no organization, in the transaction of what they are about. The caller saves.</summary>
internal sealed class PlatformEmails(EmailProtector protector, IOptions<WebOptions> web, TimeProvider clock)
{
    /// <summary>The code by which somebody proves the address of a sign-up. An earlier mail that has not left yet never does: its code is void.</summary>
    public async Task OrganizationCodeAsync(PlatformDbContext db, SignUp signUp, string digits, CancellationToken cancellationToken)
    {
        await db.Emails.Where(e => e.AboutId == signUp.Id).ExecuteDeleteAsync(cancellationToken);
        var content = new EmailContent(signUp.Email, signUp.FullName, new OrganizationCodeEmail
        {
            FullName = signUp.FullName,
            OrganizationUrl = new Uri(web.Value.UrlOf(signUp.Identifier)),
            Code = digits,
            MinutesValid = (int)OneTimeCode.Lifetime.TotalMinutes,
        });
        db.Emails.Add(PlatformEmail.Compose(signUp.Id, "organization_code", protector.Protect(content, organization: null), signUp.CodeExpiresAt!.Value, clock.GetUtcNow()));
    }
}
