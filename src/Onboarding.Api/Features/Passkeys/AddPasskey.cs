using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.Passkeys;

/// <param name="PasskeyToken">The one of <c>POST /me/passkeys/options</c>.</param>
/// <param name="Name">By which the member knows it again.</param>
/// <param name="Credential">What <c>navigator.credentials.create</c> gave, by its <c>toJSON()</c>.</param>
public sealed record AddPasskeyRequest(
    [property: Required, StringLength(256)] string PasskeyToken,
    [property: Required, StringLength(RenamePasskeyRequest.MaxName, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string Name,
    [property: Required, MinLength(1)] IReadOnlyDictionary<string, JsonElement> Credential);

/// <param name="RecoveryCodes">There with the first factor: ten codes for whoever loses it; each works once, and they are never shown again.</param>
public sealed record AddedPasskeyResponse(
    PasskeyResponse Passkey,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? RecoveryCodes = null)
{
    internal static readonly AddedPasskeyResponse Example = new(PasskeyResponse.Example, RecoveryCodesResponse.Example.RecoveryCodes);
}

/// <summary>The authenticator has made a passkey, and the member signs in by it from then on: alone, or behind the password.</summary>
/// <remarks>
/// It is a second factor, so the next sign-in by password asks for one; this session has shown it. The member's other
/// sessions were begun without and end, as with an authenticator app. An answer is judged once, good or bad.
/// </remarks>
internal sealed class AddPasskey(
    TenantDbContext db, ChangingFactors changing, SecondFactors factors, PasskeyCeremonies ceremonies, SessionEnding ending, RequestActor actor, TimeProvider clock)
{
    /// <summary>How many a member may have.</summary>
    public const int MaxPasskeys = 10;

    public static void Map(RouteGroupBuilder passkeys) => passkeys
        .MapPost("", (AddPasskeyRequest request, AddPasskey useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireFreshSignIn()
        .WithSummary("Add a passkey")
        .WithExample(new AddPasskeyRequest("pk_3q2-7wAB...", "Laptop", CredentialExample.Created), AddedPasskeyResponse.Example)
        .WithErrors(("passkey.invalid", 400), ("passkey_token.invalid", 400), ("passkey.too_many", 409));

    public async Task<Results<Created<AddedPasskeyResponse>, ProblemHttpResult>> HandleAsync(AddPasskeyRequest request, CancellationToken cancellationToken)
    {
        AddedPasskeyResponse? added = null;
        try
        {
            var problem = await changing.RunAsync(
                async (member, session) =>
                {
                    (var refusal, added) = await AddAsync(member, session, request, cancellationToken);
                    return (refusal, refusal is null ? await ending.EndOthersAsync(member.Id, session.Id, "mfa_changed", cancellationToken) : []);
                },
                cancellationToken);
            return problem is not null ? problem : TypedResults.Created((string?)null, added);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else added the very same one at this moment.
            return Invalid();
        }
    }

    public static ProblemHttpResult TooMany() => Problems.Conflict("passkey.too_many", $"You have {MaxPasskeys} passkeys; remove one first.");

    private async Task<(ProblemHttpResult? Problem, AddedPasskeyResponse? Added)> AddAsync(
        Member member, Session session, AddPasskeyRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var challenge = OpaqueToken.IsWellFormed(request.PasskeyToken, OpaqueToken.Passkey)
            ? await factors.LockChallengeAsync(request.PasskeyToken, ChallengeKind.PasskeyRegistration, cancellationToken)
            : null;
        if (challenge?.MemberId != member.Id || !challenge.TryUse(now))
        {
            return (Problems.BadRequest("passkey_token.invalid", "This was finished or has expired. Begin again."), null);
        }

        if (await db.Passkeys.CountAsync(p => p.UserId == member.Id, cancellationToken) >= MaxPasskeys)
        {
            return (TooMany(), null);
        }

        if (await ceremonies.ReadNewAsync(member, request.Credential, challenge.TakeState(), request.Name.Trim(), now) is not { } passkey)
        {
            await db.SaveChangesAsync(cancellationToken);
            return (Invalid(), null);
        }

        var codes = member.TwoFactorEnabled ? null : await factors.RenewRecoveryCodesAsync(member.Id, cancellationToken);
        db.Passkeys.Add(passkey);
        db.Record(member.AddSecondFactor(MfaChange.PasskeyAdded, now), actor.ToActor());
        session.Raise(AuthenticationMethods.HardwareKey);
        return (null, new(PasskeyResponse.Of(passkey), codes));
    }

    private static ProblemHttpResult Invalid() =>
        Problems.BadRequest("passkey.invalid", "This passkey cannot be added: it is known already, was made for another address, or without verifying you.");
}
