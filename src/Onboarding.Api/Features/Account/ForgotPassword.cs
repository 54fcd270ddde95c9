using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;

namespace Onboarding.Api.Features.Account;

/// <param name="Email">The address of the account.</param>
public sealed record ForgotPasswordRequest([property: Required, StringLength(254)] string Email);

public sealed record ForgotPasswordResponse(string Status);

/// <summary>
/// Sends an active member a link to reset the password, and an approved one another link to set the first; everybody else
/// hears the same and gets none (SEC-12).
/// </summary>
/// <remarks>The founder of an organization has no admin who could send that link again.</remarks>
internal sealed class ForgotPassword(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    private static readonly Accepted<ForgotPasswordResponse> Answer = TypedResults.Accepted((string?)null, new ForgotPasswordResponse("reset_sent"));

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/forgot-password", (ForgotPasswordRequest request, ForgotPassword useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .Throttled<ForgotPasswordRequest>("forgot-password", limits => limits.ForgotPassword, request => request.Email)
        .WithSummary("Ask for a link to reset the password")
        .WithExample(new ForgotPasswordRequest("ada@example.com"), Answer.Value);

    public async Task<Accepted<ForgotPasswordResponse>> HandleAsync(ForgotPasswordRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var email = Member.Normalize(request.Email);
        var member = await db.Members.AsNoTracking()
            .SingleOrDefaultAsync(m => m.NormalizedEmail == email && (m.Status == MemberStatus.Active || m.Status == MemberStatus.Approved), cancellationToken);
        if (((DomainEvent?)member?.RequestPasswordReset(now) ?? member?.RequestLink(now)) is { } requested)
        {
            db.Record(requested, actor.ToActor());
        }
        else
        {
            db.Audit("member.password_reset_refused", actor.ToActor(), subjectId: null, "unknown", now);
        }

        await db.SaveChangesAsync(cancellationToken);
        return Answer;
    }
}
