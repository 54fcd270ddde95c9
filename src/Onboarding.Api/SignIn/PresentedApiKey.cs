using Onboarding.Tenancy.ApiKeys;

namespace Onboarding.Api.SignIn;

/// <summary>The API key of a request: <c>X-Api-Key: ok_live_...</c> or <c>Authorization: Bearer ok_live_...</c>.</summary>
internal static class PresentedApiKey
{
    public const string Header = "X-Api-Key";

    private const string Scheme = "Bearer ";

    /// <summary>The key as it was sent, well-formed or not; null when there is none.</summary>
    public static string? Of(HttpRequest request)
    {
        var (own, bearer) = (request.Headers[Header].ToString(), Bearer(request.Headers.Authorization.ToString()));
        return (IsOne(own), IsOne(bearer)) switch
        {
            // Two of them are none, as where a header is repeated: nobody is to pick the better one.
            (true, true) => $"{own},{bearer}",
            (true, false) => own,
            (false, true) => bearer,
            _ => null,
        };
    }

    /// <summary>
    /// Whether something else stands beside the key where credentials stand: whose request it would be is nobody's to guess.
    /// </summary>
    public static bool HasCompany(HttpRequest request) => IsOne(request.Headers[Header].ToString()) && !string.IsNullOrWhiteSpace(request.Headers.Authorization);

    private static string Bearer(string authorization) =>
        authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : "";

    private static bool IsOne(string credential) => credential.StartsWith(ApiKeyToken.Prefix, StringComparison.Ordinal);
}
