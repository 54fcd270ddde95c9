using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Account;

/// <param name="CurrentPassword">The one that is to be replaced.</param>
/// <param name="Password">12 characters or more, or as many as the organization asks for; common ones are refused.</param>
public sealed record ChangePasswordRequest(
    [property: Required, StringLength(PasswordRules.MaxLength)] string CurrentPassword,
    [property: Required, StringLength(PasswordRules.MaxLength)] string Password);

/// <summary>The signed-in member chooses another password; every other session ends (SEC-24, SEC-30).</summary>
/// <remarks>
/// Both passwords are hashed before the transaction. It changes only the very password that was checked: of two changes
/// at once the second has proven a password that is none any more.
/// </remarks>
internal sealed class ChangePassword(
    TenantDbContext db, OldPassword old, SessionEnding ending, RequestActor actor, PasswordGate gate, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder me) => me
        .MapPost("/password", (ChangePasswordRequest request, ChangePassword useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .RequireFreshSignIn()
        .ThrottledByMember("change-password", limits => limits.ChangePassword)
        .WithSummary("Change the signed-in member's password")
        .WithExample(new ChangePasswordRequest("six copper kettles by noon", "eleven brass lanterns swaying"))
        .WithErrors(("password.wrong", 400), ("password.weak", 400), ("member.changed", 409), ("server.busy", 429));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(ChangePasswordRequest request, CancellationToken cancellationToken)
    {
        var id = actor.MemberId;
        var member = await db.Members.AsNoTracking().SingleOrDefaultAsync(m => m.Id == id, cancellationToken);
        var verified = await gate.VerifyAsync(db.Organization!.Key, member?.PasswordHash, request.CurrentPassword, cancellationToken);
        if (verified is null)
        {
            return PasswordGate.Busy();
        }

        if (member is null || verified == PasswordVerificationResult.Failed)
        {
            db.Audit("member.password_change_failed", actor.ToActor(), id, note: null, clock.GetUtcNow());
            await db.SaveChangesAsync(cancellationToken);
            return Problems.BadRequest("password.wrong", "The current password is wrong.");
        }

        if (PasswordRules.Refusal(request.Password, member, db.Organization!) is { } weak)
        {
            return weak;
        }

        if (await gate.HashAsync(db.Organization!.Key, request.Password, cancellationToken) is not { } hash)
        {
            return PasswordGate.Busy();
        }

        var ended = await db.InTransactionAsync(() => ChangeAsync(id, member.PasswordHash!, hash, cancellationToken), cancellationToken);
        if (ended is null)
        {
            return Problems.Conflict("member.changed", "The account was changed at the same moment. Look again.");
        }

        await ending.RevokeAsync(ended, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>The sessions that ended; null when the password is no longer the one that was checked.</summary>
    private async Task<IReadOnlyCollection<Session>?> ChangeAsync(Guid id, string verified, string hash, CancellationToken cancellationToken)
    {
        var member = await db.LockMemberAsync(id, cancellationToken);
        if (member?.PasswordHash != verified || member.ChangePassword(hash, reset: false, clock.GetUtcNow()) is not { } changed)
        {
            return null;
        }

        db.Record(changed, actor.ToActor());
        var ended = await old.EndAsync(id, keep: actor.SessionId, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        return ended;
    }
}
