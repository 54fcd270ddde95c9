using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Account;

/// <param name="Otp">The six digits of the mail to the new address.</param>
public sealed record ConfirmEmailRequest([property: Required, StringLength(32)] string Otp);

/// <summary>The code proves the new address, and it takes the place of the old one, which gets a notice.</summary>
/// <remarks>
/// The code's row is locked for the whole decision, so parallel guesses are counted one by one (SEC-10). That the address
/// is somebody else's is told only to whoever has proven to read its mails (SEC-12).
/// </remarks>
internal sealed class ConfirmEmail(TenantDbContext db, GetMe me, SecretHasher hasher, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder me) => me
        .MapPost("/email/confirm", (ConfirmEmailRequest request, ConfirmEmail useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .ThrottledByMember("confirm-email", limits => limits.ConfirmEmail)
        .WithSummary("Prove the new address")
        .WithExample(new ConfirmEmailRequest("123456"), MeResponse.Example)
        .WithErrors(("otp.invalid", 400), ("email.taken", 409));

    public async Task<Results<Ok<MeResponse>, ProblemHttpResult>> HandleAsync(ConfirmEmailRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await db.InTransactionAsync(() => ConfirmAsync(request.Otp, cancellationToken), cancellationToken)
                ? await me.HandleAsync(cancellationToken)
                : Problems.BadRequest("otp.invalid", "The code is wrong or no longer good.");
        }
        catch (DbUpdateException exception) when (exception is DbUpdateConcurrencyException
            || exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Problems.Conflict("email.taken", "This address belongs to another account.");
        }
    }

    private async Task<bool> ConfirmAsync(string otp, CancellationToken cancellationToken)
    {
        var (id, now) = (actor.MemberId, clock.GetUtcNow());
        var member = await db.LockMemberAsync(id, cancellationToken);
        var code = (await db.OneTimeCodes
            .FromSql($"SELECT * FROM one_time_codes WHERE member_id = {id} AND purpose = 'change_email' AND closed_at IS NULL FOR UPDATE")
            .ToListAsync(cancellationToken)).SingleOrDefault();
        if (member?.PendingEmail is not { } wanted || code?.TryRedeem(otp, hasher, now) is not true)
        {
            db.Audit("member.email_change_failed", actor.ToActor(), id, note: null, now);
            await db.SaveChangesAsync(cancellationToken);
            return false;
        }

        await MakeRoomAsync(wanted, now, cancellationToken);
        db.Record(member.ChangeEmail(now)!, actor.ToActor());
        await CloseLinksAsync(id, now, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }

    /// <summary>Whoever has proven an address goes before whoever has merely typed it in; else anybody could block it.</summary>
    private async Task MakeRoomAsync(string email, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var normalized = Member.Normalize(email);
        var unproven = await db.Members.SingleOrDefaultAsync(m => m.NormalizedEmail == normalized && m.Status == MemberStatus.PendingVerification, cancellationToken);
        if (unproven?.Expire() == true)
        {
            // On its own, before the address moves: the unique index looks at every statement.
            db.Audit("member.registration_expired", actor.ToActor(), unproven.Id, note: null, now);
            await db.SaveChangesAsync(cancellationToken);
        }
    }

    /// <summary>A link that lies in the mailbox of before opens the account no more.</summary>
    private Task CloseLinksAsync(Guid memberId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.PasswordLinks.Where(l => l.MemberId == memberId && l.Purpose == LinkPurpose.ResetPassword && l.UsedAt == null && l.SupersededAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.SupersededAt, now), cancellationToken);
}
