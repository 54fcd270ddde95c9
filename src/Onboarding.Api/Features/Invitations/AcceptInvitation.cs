using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Features.Approvals;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Invitations;

/// <param name="Username">3-64 letters, digits, dots, dashes and underscores.</param>
/// <param name="FullName">As mails will greet the person.</param>
/// <param name="Password">12 characters or more, no rules about what kind; common ones are refused.</param>
public sealed record AcceptInvitationRequest(
    [property: Required, RegularExpression(NameRules.UserName, ErrorMessage = NameRules.NoUserName)] string Username,
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string FullName,
    [property: Required, StringLength(PasswordRules.MaxLength)] string Password);

/// <summary>An invited person comes in: the link has proven the address, and the queue is skipped. Can sign in from then on.</summary>
/// <remarks>
/// An open registration of the address becomes the membership, so there is never a second one (ONB-10). The
/// invitation's row is locked for the whole decision: accepted twice at once, it gives one member.
/// </remarks>
internal sealed class AcceptInvitation(TenantDbContext db, OpenInvitations invitations, Quotas quotas, RequestActor actor, PasswordGate gate, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapPost("/accept/{token}", (string token, AcceptInvitationRequest request, AcceptInvitation useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(token, request, cancellationToken))
        .Throttled<AcceptInvitationRequest>("accept-invitation", limits => limits.AcceptInvitation)
        .WithSummary("Accept an invitation")
        .WithExample(new AcceptInvitationRequest("ada", "Ada Lovelace", "four quiet herons at dusk"))
        .WithErrors(("password.weak", 400), ("link.invalid", 404), ("username.taken", 409), ("member.changed", 409), ("quota.seats", 409), ("server.busy", 429));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(string token, AcceptInvitationRequest request, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(token, OpaqueToken.Invitation))
        {
            return LinkInvalid(null);
        }

        var hash = SecretHasher.HashToken(token);
        var invitation = await db.Invitations.AsNoTracking().SingleOrDefaultAsync(i => i.TokenHash == hash, cancellationToken);
        if (invitation?.StatusAt(clock.GetUtcNow()) != InvitationStatus.Open)
        {
            return LinkInvalid(invitation);
        }

        var (person, _) = Member.Register(request.Username, invitation.Email, request.FullName, clock.GetUtcNow());
        if (PasswordRules.Refusal(request.Password, person, db.Organization!) is { } weak)
        {
            return weak;
        }

        // Hashed before the transaction, so no row is locked while a core is busy.
        if (await gate.HashAsync(db.Organization!.Key, request.Password, cancellationToken) is not { } passwordHash)
        {
            return PasswordGate.Busy();
        }

        return await JoinAsync(hash, request, passwordHash, cancellationToken) is { } problem ? problem : TypedResults.NoContent();
    }

    private async Task<ProblemHttpResult?> JoinAsync(byte[] hash, AcceptInvitationRequest request, string passwordHash, CancellationToken cancellationToken)
    {
        try
        {
            return await db.InTransactionAsync(() => AcceptAsync(hash, request, passwordHash, cancellationToken), cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "ux_members_user_name" })
        {
            return Problems.Conflict("username.taken", "This user name is taken. Choose another one.");
        }
        catch (DbUpdateException exception) when (exception is DbUpdateConcurrencyException || exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Problems.Conflict("member.changed", "The registration of this address was changed at the same moment. Try again.");
        }
        catch (DbUpdateException exception) when (exception.IsUnknownRole())
        {
            return LinkInvalid(null);
        }
    }

    private async Task<ProblemHttpResult?> AcceptAsync(byte[] hash, AcceptInvitationRequest request, string passwordHash, CancellationToken cancellationToken)
    {
        // Settings before invitations, as whoever invites locks them: in the other order two could wait for each other.
        var full = await quotas.SeatRefusalAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var invitation = await invitations.LockAsync(hash, cancellationToken);
        if (invitation?.StatusAt(now) != InvitationStatus.Open || !await invitations.IsBackedAsync(invitation, cancellationToken))
        {
            return LinkInvalid(invitation);
        }

        if (full is not null)
        {
            return full;
        }

        var member = await db.Members.SingleOrDefaultAsync(
            m => m.NormalizedEmail == invitation.NormalizedEmail && m.Status != MemberStatus.Rejected && m.Status != MemberStatus.Expired && m.Status != MemberStatus.Removed,
            cancellationToken);
        if (member is null)
        {
            (member, _) = Member.Register(request.Username, invitation.Email, request.FullName, now);
            db.Members.Add(member);
        }

        // Null for somebody who came in by registering meanwhile, or was turned down for good.
        if (member.Join(invitation, request.Username, request.FullName, passwordHash, now) is not { } joined)
        {
            return LinkInvalid(null);
        }

        db.Record(invitation.Accept(member.Id, now)!, actor.ToActor(), invitation.Role);
        db.Record(joined, actor.ToActor());
        await db.SaveChangesAsync(cancellationToken);
        return null;
    }

    private ProblemHttpResult LinkInvalid(Invitation? invitation) => Problems.NotFound("link.invalid", invitation?.StatusAt(clock.GetUtcNow()) switch
    {
        InvitationStatus.Accepted => "This invitation has been accepted already. Sign in with the password that was set.",
        InvitationStatus.Expired => "This invitation has expired. Ask for another one.",
        _ => "This link is not good, or no longer.",
    });
}
