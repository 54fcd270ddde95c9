namespace Onboarding.Tenancy.SignIn;

/// <summary>A P-256 key that signs access tokens. Lives in <c>platform</c>, its private half encrypted.</summary>
/// <remarks>
/// Published from <see cref="CreatedAt"/> on, signs from <see cref="ActiveFrom"/> on, and is published until
/// <see cref="ExpiresAt"/>: verifiers that cache the key set never meet a key they could not know.
/// </remarks>
public sealed class SigningKey
{
    private SigningKey()
    {
    }

    /// <summary>Key id: the <c>kid</c> of tokens and of the JSON Web Key.</summary>
    public string Id { get; private init; } = "";

    /// <summary>PKCS#8, encrypted by data protection.</summary>
    public byte[] ProtectedKey { get; private init; } = [];

    /// <summary>When it was made and first published.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>From when on it signs.</summary>
    public DateTimeOffset ActiveFrom { get; private init; }

    /// <summary>When it is withdrawn from the published set.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>A new key.</summary>
    public static SigningKey Create(string id, byte[] protectedKey, DateTimeOffset activeFrom, DateTimeOffset expiresAt, DateTimeOffset now) => new()
    {
        Id = id,
        ProtectedKey = protectedKey,
        CreatedAt = now,
        ActiveFrom = activeFrom,
        ExpiresAt = expiresAt,
    };
}
