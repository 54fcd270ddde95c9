namespace Onboarding.Api.SignIn;

/// <summary>Names of the claims in an access token (RFC 7519, RFC 9068).</summary>
internal static class TokenClaims
{
    public const string Subject = "sub";
    public const string SessionId = "sid";
    public const string Organization = "org";
    public const string Role = "role";
    public const string Methods = "amr";

    /// <summary>When the member last proved who they are, in seconds; refreshing does not move it (OpenID Connect Core, section 2).</summary>
    public const string AuthenticatedAt = "auth_time";
    public const string Id = "jti";

    /// <summary>Of an API key, which has no token and therefore no session: its id, its owner's, and what it may do.</summary>
    public const string ApiKey = "key";
    public const string Owner = "owner";
    public const string Scope = "scope";

    /// <summary>Of a super admin who acts inside an organization: <c>read</c> or <c>write</c>.</summary>
    public const string Acting = "acting";

    /// <summary>Header <c>typ</c> of access tokens: no other kind of token passes as one (SEC-22; RFC 9068, section 2.1).</summary>
    public const string Type = "at+jwt";

    /// <summary>What the product asks of whoever calls; the rest is checked once, with the signature.</summary>
    public static readonly IReadOnlyList<string> Kept = [Subject, SessionId, Role, Methods, AuthenticatedAt, Acting];
}
