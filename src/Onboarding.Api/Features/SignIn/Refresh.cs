using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <param name="Refresh">The refresh token of the last sign-in or refresh.</param>
public sealed record RefreshRequest([property: Required, StringLength(256)] string Refresh);

/// <summary>Exchanges a refresh token for a new pair, once (SEC-23). What may be repeated, and for how long: <see cref="RefreshToken"/>.</summary>
internal sealed class Refresh(TenantDbContext db, SessionTokens tokens, SessionEnding ending, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/refresh", (RefreshRequest request, Refresh useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<RefreshRequest>("refresh", limits => limits.Refresh, request => request.Refresh)
        .ReachableWhileSuspended()
        .WithSummary("Refresh the tokens")
        .WithExample(new RefreshRequest("rt_3q2-7wAB..."), TokenResponse.Example)
        .WithErrors(("refresh.invalid", 401), ("refresh.reused", 401));

    public async Task<Results<Ok<TokenResponse>, ProblemHttpResult>> HandleAsync(RefreshRequest request, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(request.Refresh, OpaqueToken.Refresh))
        {
            return Invalid();
        }

        var result = await db.InTransactionAsync(() => ExchangeAsync(SecretHasher.HashToken(request.Refresh), cancellationToken), cancellationToken);
        await ending.RevokeAsync(result.Ended, cancellationToken);
        return result switch
        {
            { Pair: { } pair } => TypedResults.Ok(pair),
            { IsShutOut: true } => Suspension.Refusal(),
            { Ended: not null } => Problems.Unauthorized("refresh.reused", "This refresh token was used before. The session has ended; sign in again."),
            _ => Invalid(),
        };
    }

    private sealed record Exchange(TokenResponse? Pair, Session? Ended, bool IsShutOut = false);

    private async Task<Exchange> ExchangeAsync(byte[] hash, CancellationToken cancellationToken)
    {
        // The session's row is the family's lock: of two exchanges at once the second sees what the first did.
        var session = (await db.Sessions
            .FromSql($"SELECT s.* FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id WHERE t.token_hash = {hash} FOR UPDATE OF s")
            .ToListAsync(cancellationToken)).SingleOrDefault();
        var now = clock.GetUtcNow();
        if (session?.IsLive(now) is not true)
        {
            return new(null, null);
        }

        var token = await db.RefreshTokens.SingleAsync(t => t.TokenHash == hash, cancellationToken);
        var member = await db.Members.SingleAsync(m => m.Id == session.MemberId, cancellationToken);
        if (!db.Organization!.Admits(member.Role))
        {
            // Nothing is taken from anybody: whoever is let in again goes on with the same token.
            return new(null, null, IsShutOut: true);
        }

        var rivalUsed = await db.RefreshTokens.AnyAsync(
            t => t.SessionId == session.Id && t.RedeemedAt != null && t.Id != token.Id && (t.PredecessorId == token.Id || t.PredecessorId == token.PredecessorId), cancellationToken);

        var outcome = member.Status == MemberStatus.Active ? token.Redeem(rivalUsed, now) : RedeemOutcome.Expired;
        if (outcome == RedeemOutcome.Expired)
        {
            return new(null, null);
        }

        if (outcome == RedeemOutcome.Reused)
        {
            var by = actor.ToActor();
            db.Record(new RefreshTokenReused(session.MemberId, session.Id, now), by);
            db.Record(session.End("reused", now)!, by);
            await db.SaveChangesAsync(cancellationToken);
            return new(null, session);
        }

        session.Touch(now);
        var pair = tokens.Issue(member, session, token.Id);
        await db.SaveChangesAsync(cancellationToken);
        return new(pair, null);
    }

    private static ProblemHttpResult Invalid() => Problems.Unauthorized("refresh.invalid", "The refresh token is not good, or no longer.");
}
