using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Mfa;

/// <param name="MfaToken">What <c>POST /login</c> answered; good for five minutes, and for one sign-in.</param>
/// <param name="Methods">What may be shown now.</param>
public sealed record MfaChallengeResponse(bool MfaRequired, string MfaToken, IReadOnlyList<SecondFactor> Methods)
{
    internal static readonly MfaChallengeResponse Example = new(true, "mf_3q2-7wAB...", [SecondFactor.Totp, SecondFactor.Passkey, SecondFactor.RecoveryCode]);
}

/// <param name="MfaToken">The one of <c>POST /login</c>.</param>
/// <param name="Code">Six digits of the authenticator app, or a recovery code.</param>
/// <param name="RememberDevice">Answers a <c>device_token</c>, with which this device signs in without a second factor for 30 days.</param>
public sealed record FinishLoginRequest(
    [property: Required, StringLength(256)] string MfaToken,
    [property: Required, StringLength(32)] string Code,
    bool RememberDevice = false);

/// <summary>The second half of a sign-in: the member, whose password was right, shows a code (<see cref="FinishingLogin"/>).</summary>
internal sealed class FinishLogin(TenantDbContext db, FinishingLogin finishing, SecondFactors factors, RequestActor actor, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login/mfa", (FinishLoginRequest request, FinishLogin useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<FinishLoginRequest>("login-mfa", limits => limits.LoginMfa)
        .ReachableWhileSuspended()
        .WithSummary("Finish signing in with a second factor")
        .WithExample(new FinishLoginRequest("mf_3q2-7wAB...", "287082"), TokenResponse.Example)
        .WithErrors(("mfa.invalid", 401), ("mfa_token.invalid", 401), ("mfa.locked", 429));

    public Task<Results<Ok<TokenResponse>, ProblemHttpResult>> HandleAsync(FinishLoginRequest request, CancellationToken cancellationToken) =>
        finishing.RunAsync(
            request.MfaToken,
            request.RememberDevice,
            async (member, _) =>
            {
                if (!await factors.TryTakeAsync(member, request.Code, cancellationToken))
                {
                    return null;
                }

                if (RecoveryCode.Normalize(request.Code) is not null)
                {
                    db.Record(new MemberMfaChanged(member.Id, MfaChange.RecoveryCodeUsed, clock.GetUtcNow()), actor.By(member));
                }

                return AuthenticationMethods.OneTimePassword;
            },
            cancellationToken);
}
