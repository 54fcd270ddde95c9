using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Registration;

public sealed record ResendOtpRequest([property: Required, StringLength(254)] string Email);

/// <summary>Sends a fresh code and voids the earlier one (SEC-11). Unknown addresses get the same answer and the same limit.</summary>
internal sealed class ResendOtp(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/resend-otp", (ResendOtpRequest request, ResendOtp useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .Throttled<ResendOtpRequest>("resend-otp", limits => limits.ResendOtp, request => request.Email)
        .WithSummary("Send the code again")
        .WithExample(new ResendOtpRequest("ada@example.com"), Register.Answer.Value);

    public async Task<Accepted<RegistrationResponse>> HandleAsync(ResendOtpRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var email = Member.Normalize(request.Email);
        var member = await db.Members.SingleOrDefaultAsync(
            m => m.NormalizedEmail == email && m.Status == MemberStatus.PendingVerification, cancellationToken);

        // Asked for nobody too: the work must not tell whether the address is known (SEC-12).
        var memberId = member?.Id ?? Guid.Empty;
        var open = await db.OneTimeCodes.SingleOrDefaultAsync(c => c.MemberId == memberId && c.Purpose == CodePurpose.VerifyEmail && c.ClosedAt == null, cancellationToken);
        if (member is null)
        {
            db.Audit("member.code_refused", actor.ToActor(), subjectId: null, "unknown", now);
        }
        else
        {
            open?.Supersede(now);
            db.Record(new MemberCodeRequested(member.Id, now), actor.ToActor());
        }

        await db.SaveChangesAsync(cancellationToken);
        return Register.Answer;
    }
}
