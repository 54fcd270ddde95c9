using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Account;

/// <param name="Password">12 characters or more, or as many as the organization asks for; common ones are refused.</param>
public sealed record ResetPasswordRequest([property: Required, StringLength(PasswordRules.MaxLength)] string Password);

/// <summary>Whoever holds the link of the mail chooses another password. All sessions end, second factors stay, and a notice goes out (SEC-19).</summary>
internal sealed class ResetPassword(
    TenantDbContext db, PasswordByLink byLink, OldPassword old, SessionEnding ending, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/reset-password/{token}", (string token, ResetPasswordRequest request, ResetPassword useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(token, request, cancellationToken))
        .Throttled<ResetPasswordRequest>("reset-password", limits => limits.ResetPassword)
        .WithSummary("Reset a forgotten password")
        .WithExample(new ResetPasswordRequest("eleven brass lanterns swaying"))
        .WithErrors(("password.weak", 400), ("link.invalid", 404), ("server.busy", 429));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(string token, ResetPasswordRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Session> ended = [];
        var problem = await byLink.SetAsync(
            token, LinkPurpose.ResetPassword, request.Password,
            async (member, hash) =>
            {
                if (member.ChangePassword(hash, reset: true, clock.GetUtcNow()) is not { } changed)
                {
                    return false;
                }

                db.Record(changed, actor.ToActor());
                ended = await old.EndAsync(member.Id, keep: null, cancellationToken);
                return true;
            },
            cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        await ending.RevokeAsync(ended, cancellationToken);
        return TypedResults.NoContent();
    }
}
