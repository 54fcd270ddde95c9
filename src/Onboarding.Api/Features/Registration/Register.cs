using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Registration;

/// <param name="Username">3-64 letters, digits, dots, dashes and underscores; reserved when the address is proven.</param>
/// <param name="Email">Where the code goes.</param>
/// <param name="FullName">As mails will greet the person.</param>
public sealed record RegisterRequest(
    [property: Required, RegularExpression(NameRules.UserName, ErrorMessage = NameRules.NoUserName)] string Username,
    [property: Required, StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string Email,
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string FullName);

public sealed record RegistrationResponse(string Status);

/// <summary>Somebody asks to become a member. The answer never depends on whether the address is known (SEC-12).</summary>
/// <remarks>Every path writes in one transaction, so that neither status, nor body, nor time tells them apart.</remarks>
internal sealed class Register(TenantDbContext db, RequestActor actor, IOptions<RegistrationOptions> options, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/register", (RegisterRequest request, Register useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .Throttled<RegisterRequest>("register", limits => limits.Register, request => request.Email)
        .WithSummary("Register")
        .WithExample(new RegisterRequest("ada", "ada@example.com", "Ada Lovelace"), Answer.Value);

    public static readonly Accepted<RegistrationResponse> Answer = TypedResults.Accepted((string?)null, new RegistrationResponse("verification_sent"));

    public async Task<Accepted<RegistrationResponse>> HandleAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        // Another request changed the same address at the same moment (ONB-2), or an old registration expired just now:
        // what it left is looked at once more, so that whoever hears "sent" is sent something.
        if (!await TryRegisterAsync(request, cancellationToken))
        {
            db.ChangeTracker.Clear();
            await TryRegisterAsync(request, cancellationToken);
        }

        return Answer;
    }

    private async Task<bool> TryRegisterAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var email = Member.Normalize(request.Email);

        // At most one of an address is open; it counts, however old it is (ONB-3).
        var latest = await db.Members.Where(m => m.NormalizedEmail == email)
            .OrderBy(m => m.Status == MemberStatus.Rejected || m.Status == MemberStatus.Expired || m.Status == MemberStatus.Removed)
            .ThenByDescending(m => m.RegisteredAt).FirstOrDefaultAsync(cancellationToken);

        switch (latest?.Status)
        {
            case MemberStatus.PendingVerification:
                await VoidCodeAsync(latest.Id, now, cancellationToken);
                db.Record(latest.RegisterAgain(request.Username, request.FullName, now)!, actor.ToActor());
                break;

            case MemberStatus.PendingApproval or MemberStatus.Approved or MemberStatus.Active or MemberStatus.Suspended:
                db.Record(new MemberRegisteredAgain(latest.Id, now), actor.ToActor());
                break;

            case MemberStatus.Blocked:
            case MemberStatus.Rejected when now < latest.DecidedAt + options.Value.CoolDown:
                db.Audit("member.registration_refused", actor.ToActor(), latest.Id, latest.Status.ToString().ToLowerInvariant(), now);
                break;

            default:
                var (member, registered) = Member.Register(request.Username, request.Email, request.FullName, now);
                db.Members.Add(member);
                db.Record(registered, actor.ToActor());
                break;
        }

        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateException exception) when (exception is DbUpdateConcurrencyException
            || exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
    }

    private async Task VoidCodeAsync(Guid memberId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var open = await db.OneTimeCodes.SingleOrDefaultAsync(c => c.MemberId == memberId && c.Purpose == CodePurpose.VerifyEmail && c.ClosedAt == null, cancellationToken);
        open?.Supersede(now);
    }
}
