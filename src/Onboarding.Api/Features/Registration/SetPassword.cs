using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.Account;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Registration;

/// <param name="Password">12 characters or more, or as many as the organization asks for, no rules about what kind; common ones are refused.</param>
public sealed record SetPasswordRequest([property: Required, StringLength(PasswordRules.MaxLength)] string Password);

/// <summary>An approved person chooses a password by the link of the mail, and can sign in from then on (ONB-13).</summary>
internal sealed class SetPassword(TenantDbContext db, PasswordByLink byLink, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/set-password/{id}", (string id, SetPasswordRequest request, SetPassword useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .Throttled<SetPasswordRequest>("set-password", limits => limits.SetPassword)
        .WithSummary("Set the first password")
        .WithExample(new SetPasswordRequest("four quiet herons at dusk"))
        .WithErrors(("password.weak", 400), ("link.invalid", 404), ("server.busy", 429));

    public async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(string id, SetPasswordRequest request, CancellationToken cancellationToken)
    {
        var problem = await byLink.SetAsync(
            id, LinkPurpose.SetPassword, request.Password,
            (member, hash) =>
            {
                if (member.Activate(hash, clock.GetUtcNow()) is not { } activated)
                {
                    return Task.FromResult(false);
                }

                db.Record(activated, actor.ToActor());
                return Task.FromResult(true);
            },
            cancellationToken);
        return problem is null ? TypedResults.NoContent() : problem;
    }
}
