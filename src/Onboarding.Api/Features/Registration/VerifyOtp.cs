using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Registration;

/// <param name="Email">The address that registered.</param>
/// <param name="Otp">The six digits of the mail.</param>
public sealed record VerifyOtpRequest(
    [property: Required, StringLength(254)] string Email,
    [property: Required, StringLength(32)] string Otp);

/// <summary>The person proves the address and joins the queue, or comes in where that is settled; the user name is reserved from now on (ONB-5).</summary>
/// <remarks>
/// The code's row is locked for the whole decision, so parallel guesses are counted one by one (SEC-10). Wrong, expired,
/// used up and unknown end alike: one transaction, one audit line, one answer (SEC-12). Whom a rule turns down hears the
/// same as who waits, and the rest by mail, as from an admin who decides quickly.
/// </remarks>
internal sealed class VerifyOtp(TenantDbContext db, Admission admission, RequestActor actor, SecretHasher hasher, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/verify-otp", (VerifyOtpRequest request, VerifyOtp useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .Throttled<VerifyOtpRequest>("verify-otp", limits => limits.VerifyOtp, request => request.Email)
        .WithSummary("Prove the address")
        .WithExample(new VerifyOtpRequest("ada@example.com", "123456"), new RegistrationResponse("pending_approval"), name: "waits")
        .WithExample(response: new RegistrationResponse("approved"), name: "comes_in")
        .WithErrors(("otp.invalid", 400), ("username.taken", 409));

    public async Task<Results<Ok<RegistrationResponse>, ProblemHttpResult>> HandleAsync(VerifyOtpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await db.InTransactionAsync(() => VerifyAsync(request, cancellationToken), cancellationToken) is { } status
                ? TypedResults.Ok(new RegistrationResponse(status == MemberStatus.Approved ? "approved" : "pending_approval"))
                : Invalid();
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Rolled back: the code is still good, for a registration under another name.
            return Problems.Conflict("username.taken", "This user name has been taken meanwhile. Register again with another one.");
        }
        catch (DbUpdateConcurrencyException)
        {
            return Invalid();
        }
    }

    private async Task<MemberStatus?> VerifyAsync(VerifyOtpRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var email = Member.Normalize(request.Email);
        var member = await db.Members.SingleOrDefaultAsync(
            m => m.NormalizedEmail == email && m.Status == MemberStatus.PendingVerification, cancellationToken);
        var memberId = member?.Id ?? Guid.Empty;
        var code = (await db.OneTimeCodes
            .FromSql($"SELECT * FROM one_time_codes WHERE member_id = {memberId} AND purpose = 'verify_email' AND closed_at IS NULL FOR UPDATE")
            .ToListAsync(cancellationToken)).SingleOrDefault();

        var redeemed = (code ?? Nobodys(now)).TryRedeem(request.Otp, hasher, now) && member is not null;
        if (redeemed)
        {
            db.Record(member!.Verify(now)!, actor.ToActor());
            await admission.DecideAsync(member, cancellationToken);
        }
        else
        {
            db.Audit("member.verification_failed", actor.ToActor(), member?.Id, note: null, now);
        }

        await db.SaveChangesAsync(cancellationToken);
        return redeemed ? member!.Status : null;
    }

    // Compared with when there is no code, so that the work is the same; its digits are random and told to nobody.
    private OneTimeCode Nobodys(DateTimeOffset now) => OneTimeCode.Create(Guid.Empty, CodePurpose.VerifyEmail, hasher, now).Code;

    private static ProblemHttpResult Invalid() => Problems.BadRequest("otp.invalid", "The code is wrong or no longer good.");
}
