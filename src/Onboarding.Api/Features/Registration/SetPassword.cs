using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Registration;

/// <param name="Password">12 characters or more, or as many as the organization asks for, no rules about what kind; common ones are refused.</param>
public sealed record SetPasswordRequest([property: Required, StringLength(PasswordRules.MaxLength)] string Password);

/// <summary>An approved person chooses a password by the link of the mail, and can sign in from then on (ONB-13).</summary>
/// <remarks>The password is hashed before the transaction, so no row is locked while a core is busy.</remarks>
internal sealed class SetPassword(TenantDbContext db, RequestActor actor, PasswordGate gate, TimeProvider clock)
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
        if (!OpaqueToken.IsWellFormed(id, OpaqueToken.SetPassword))
        {
            return LinkInvalid(null);
        }

        var hash = SecretHasher.HashToken(id);
        var found = await db.PasswordLinks.AsNoTracking()
            .Where(l => l.TokenHash == hash && l.Purpose == LinkPurpose.SetPassword)
            .Join(db.Members, l => l.MemberId, m => m.Id, (link, member) => new { Link = link, Member = member })
            .SingleOrDefaultAsync(cancellationToken);
        if (found is null || !found.Link.TryUse(clock.GetUtcNow()))
        {
            return LinkInvalid(found?.Link);
        }

        if (PasswordRules.Refusal(request.Password, found.Member, db.Organization!) is { } weak)
        {
            return weak;
        }

        if (await gate.HashAsync(request.Password, cancellationToken) is not { } passwordHash)
        {
            return Busy();
        }

        return await db.InTransactionAsync(() => SetAsync(hash, passwordHash, cancellationToken), cancellationToken)
            ? TypedResults.NoContent()
            : LinkInvalid(found.Link);
    }

    public static ProblemHttpResult Busy() =>
        Problems.TooManyRequests("server.busy", "Too many people sign in right now. Try again in a moment.", TimeSpan.FromSeconds(2));

    private async Task<bool> SetAsync(byte[] tokenHash, string passwordHash, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var link = (await db.PasswordLinks
            .FromSql($"SELECT * FROM password_links WHERE token_hash = {tokenHash} FOR UPDATE")
            .ToListAsync(cancellationToken)).SingleOrDefault();
        if (link is null || !link.TryUse(now))
        {
            return false;
        }

        var member = await db.Members.SingleAsync(m => m.Id == link.MemberId, cancellationToken);
        if (member.Activate(passwordHash, now) is not { } activated)
        {
            return false;
        }

        db.Record(activated, actor.ToActor());
        await db.SaveChangesAsync(cancellationToken);
        return true;
    }

    private static ProblemHttpResult LinkInvalid(PasswordLink? link) => Problems.NotFound("link.invalid", link switch
    {
        { UsedAt: not null } => "This link has been used already. Sign in with the password that was set.",
        { SupersededAt: not null } => "A newer link has been sent; use that one.",
        _ => "This link is not good, or no longer.",
    });
}
