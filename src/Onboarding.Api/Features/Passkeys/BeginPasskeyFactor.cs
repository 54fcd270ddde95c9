using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Passkeys;

/// <param name="MfaToken">The one of <c>POST /login</c>.</param>
public sealed record BeginPasskeyFactorRequest([property: Required, StringLength(256)] string MfaToken);

/// <param name="Options">For <c>PublicKeyCredential.parseRequestOptionsFromJSON</c>, and then <c>navigator.credentials.get</c>.</param>
public sealed record PasskeyFactorOptionsResponse(IReadOnlyDictionary<string, JsonElement> Options);

/// <summary>The member, whose password was right, is about to show a passkey: what the browser has to be asked for. What was asked before is void.</summary>
internal sealed class BeginPasskeyFactor(TenantDbContext db, FinishingLogin finishing, PasskeyCeremonies ceremonies)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login/mfa/passkey/options", (BeginPasskeyFactorRequest request, BeginPasskeyFactor useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<BeginPasskeyFactorRequest>("login-mfa-passkey-options", limits => limits.LoginMfa)
        .ReachableWhileSuspended()
        .WithSummary("Begin to show a passkey as second factor")
        .WithExample(new BeginPasskeyFactorRequest("mf_3q2-7wAB..."), new PasskeyFactorOptionsResponse(PasskeyOptionsResponse.RequestOptionsExample))
        .WithErrors(("mfa_token.invalid", 401), ("mfa.locked", 429));

    public Task<Results<Ok<PasskeyFactorOptionsResponse>, ProblemHttpResult>> HandleAsync(BeginPasskeyFactorRequest request, CancellationToken cancellationToken) =>
        finishing.WithOpenAsync<PasskeyFactorOptionsResponse>(
            request.MfaToken,
            async (member, challenge, _) =>
            {
                var asked = await ceremonies.AskForExistingAsync(member);
                challenge.Ask(asked.State);
                await db.SaveChangesAsync(cancellationToken);
                return TypedResults.Ok(new PasskeyFactorOptionsResponse(asked.Options));
            },
            cancellationToken);
}
