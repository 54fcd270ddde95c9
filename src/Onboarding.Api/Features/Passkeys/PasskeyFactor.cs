using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Passkeys;

/// <param name="MfaToken">The one of <c>POST /login</c>.</param>
/// <param name="Credential">What <c>navigator.credentials.get</c> gave, by its <c>toJSON()</c>.</param>
/// <param name="RememberDevice">Answers a <c>device_token</c>, with which this device signs in without a second factor for 30 days.</param>
public sealed record PasskeyFactorRequest([property: Required, StringLength(256)] string MfaToken, [property: Required, MinLength(1)] IReadOnlyDictionary<string, JsonElement> Credential, bool RememberDevice = false);

/// <summary>The second half of a sign-in by a passkey of the member. Wrong ones count as wrong codes do, in the same counter (SEC-29).</summary>
internal sealed class PasskeyFactor(FinishingLogin finishing, PasskeyCeremonies ceremonies)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login/mfa/passkey", (PasskeyFactorRequest request, PasskeyFactor useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<PasskeyFactorRequest>("login-mfa-passkey", limits => limits.LoginMfa)
        .ReachableWhileSuspended()
        .WithSummary("Finish signing in with a passkey as second factor")
        .WithExample(new PasskeyFactorRequest("mf_3q2-7wAB...", CredentialExample.Asserted), TokenResponse.Example)
        .WithErrors(("mfa.invalid", 401), ("mfa_token.invalid", 401), ("mfa.locked", 429));

    public Task<Results<Ok<TokenResponse>, ProblemHttpResult>> HandleAsync(PasskeyFactorRequest request, CancellationToken cancellationToken) =>
        finishing.RunAsync(
            request.MfaToken,
            request.RememberDevice,
            async (member, challenge) => await ceremonies.TryTakeAsync(member, request.Credential, challenge.TakeState(), cancellationToken)
                ? AuthenticationMethods.HardwareKey
                : null,
            cancellationToken);
}
