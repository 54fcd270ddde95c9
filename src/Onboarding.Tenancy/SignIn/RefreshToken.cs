namespace Onboarding.Tenancy.SignIn;

/// <summary>What became of an attempt to exchange a refresh token.</summary>
public enum RedeemOutcome
{
    /// <summary>A new pair may be issued.</summary>
    Redeemed,

    /// <summary>It is past its time.</summary>
    Expired,

    /// <summary>Another party has gone on from the same exchange, or it came again past the grace: the family must be revoked.</summary>
    Reused,
}

/// <summary>An opaque refresh token, by its hash. Exchanged once; each exchange issues its successor (SEC-23).</summary>
/// <remarks>
/// A client that lost the answer (a crash, a dead network) asks again with the same token. For
/// <see cref="Grace"/> after the first exchange, and while nobody has used the successor, that is answered with a
/// fresh pair (FAULT-3). Of all pairs that one token was answered with, one goes on: whoever comes with another means
/// that two parties hold the token, and ends the session, as any other second use does.
/// </remarks>
public sealed class RefreshToken
{
    /// <summary>How long an exchange may be repeated by a client that did not get the answer.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private RefreshToken()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>The session, that is the family, it belongs to.</summary>
    public Guid SessionId { get; private init; }

    /// <summary>The token that was exchanged for this one; null for the first of a family.</summary>
    public Guid? PredecessorId { get; private init; }

    /// <summary>SHA-256 of the token.</summary>
    public byte[] TokenHash { get; private init; } = [];

    /// <summary>When it was issued.</summary>
    public DateTimeOffset IssuedAt { get; private init; }

    /// <summary>When it stops being good if unused: the session's inactivity limit (SEC-26).</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>When it was first exchanged.</summary>
    public DateTimeOffset? RedeemedAt { get; private set; }

    /// <summary>A new token of a session.</summary>
    /// <param name="idle">How long it may lie unused; cut at the session's absolute end.</param>
    public static (RefreshToken Row, string Token) Issue(Session session, Guid? predecessorId, TimeSpan idle, DateTimeOffset now)
    {
        var token = OpaqueToken.New(OpaqueToken.Refresh);
        var expires = now + idle;
        var row = new RefreshToken
        {
            Id = Ids.New(now),
            SessionId = session.Id,
            PredecessorId = predecessorId,
            TokenHash = SecretHasher.HashToken(token),
            IssuedAt = now,
            ExpiresAt = expires < session.ExpiresAt ? expires : session.ExpiresAt,
        };
        return (row, token);
    }

    /// <summary>Exchanges it. Call it on a locked row only.</summary>
    /// <param name="rivalUsed">Whether a token issued for this one, or another one issued for its predecessor, has itself been exchanged.</param>
    public RedeemOutcome Redeem(bool rivalUsed, DateTimeOffset now)
    {
        if (rivalUsed || now - RedeemedAt > Grace)
        {
            return RedeemOutcome.Reused;
        }

        if (RedeemedAt is not null)
        {
            return RedeemOutcome.Redeemed;
        }

        if (now >= ExpiresAt)
        {
            return RedeemOutcome.Expired;
        }

        RedeemedAt = now;
        return RedeemOutcome.Redeemed;
    }
}
