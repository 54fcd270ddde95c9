using System.Buffers.Text;
using System.Collections.Frozen;
using System.Data.Common;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Passkeys;

/// <summary>What a browser is asked for, and what the answer to it is checked against.</summary>
/// <param name="Options">For <c>navigator.credentials</c>, as WebAuthn Level 3 writes them in JSON.</param>
/// <param name="State">To be kept until the answer; no secret.</param>
internal sealed record PasskeyAsked(IReadOnlyDictionary<string, JsonElement> Options, string State);

/// <summary>Web Authentication (WebAuthn Level 3) in one organization, on Identity's <see cref="PasskeyHandler{TUser}"/>.</summary>
/// <remarks>
/// Relying party and origin are the organization's own address and never the host of the request, so a passkey of one
/// organization is none in another (SEC-1). The user is always verified by the authenticator: that makes a passkey two
/// factors in one (NIST SP 800-63B-4, section 2.2.2), which satisfies a required second factor (SEC-33). The caller
/// holds the member's row, and saves.
/// </remarks>
internal sealed class PasskeyCeremonies(TenantDbContext db, UserManager<Member> users, IOptions<WebOptions> web, IHttpContextAccessor http)
{
    // WebAuthn Level 3, section 5.8.4. What a client says beyond these is dropped and not stored.
    private static readonly FrozenSet<string> Transports = new[] { "ble", "hybrid", "internal", "nfc", "smart-card", "usb" }.ToFrozenSet(StringComparer.Ordinal);

    private HttpContext Context => http.HttpContext ?? throw new InvalidOperationException("There is no request.");

    /// <summary>Asks for a new passkey of a member, on an authenticator that holds none of them yet.</summary>
    public async Task<PasskeyAsked> AskForNewAsync(Member member)
    {
        var user = new PasskeyUserEntity { Id = member.Id.ToString(), Name = member.UserName!, DisplayName = member.FullName };
        var result = await Handler().MakeCreationOptionsAsync(user, Context);
        var options = JsonNode.Parse(result.CreationOptionsJson)!;
        options["rp"]!["name"] = db.Organization!.Name;
        return new(options.Deserialize<Dictionary<string, JsonElement>>()!, result.AttestationState!);
    }

    /// <summary>Asks for one of the member's passkeys; null asks for any that the browser knows here, and names nobody.</summary>
    public async Task<PasskeyAsked> AskForExistingAsync(Member? member)
    {
        var result = await Handler().MakeRequestOptionsAsync(member, Context);
        return new(JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(result.RequestOptionsJson)!, result.AssertionState!);
    }

    /// <summary>The new passkey in an answer; null when that is not good, or the passkey is known already.</summary>
    public async Task<IdentityUserPasskey<Guid>?> ReadNewAsync(Member member, IReadOnlyDictionary<string, JsonElement> credential, string? state, string name, DateTimeOffset now)
    {
        var result = await Handler().PerformAttestationAsync(new() { HttpContext = Context, CredentialJson = JsonSerializer.Serialize(credential), AttestationState = state });
        if (!result.Succeeded)
        {
            ThrowWhenDatabaseFailed(result.Failure);
            return null;
        }

        var passkey = result.Passkey;
        return new IdentityUserPasskey<Guid>
        {
            UserId = member.Id,
            CredentialId = passkey.CredentialId,
            Data = new()
            {
                Name = name,
                CreatedAt = now,
                PublicKey = passkey.PublicKey,
                SignCount = passkey.SignCount,
                Transports = passkey.Transports?.Where(Transports.Contains).Distinct().ToArray(),
                IsUserVerified = passkey.IsUserVerified,
                IsBackupEligible = passkey.IsBackupEligible,
                IsBackedUp = passkey.IsBackedUp,

                // No attestation is asked for, so what comes proves nothing that would be worth its place.
                AttestationObject = [],
                ClientDataJson = [],
            },
        };
    }

    /// <summary>Whether an answer is signed by one of the member's passkeys; counts its signature.</summary>
    /// <remarks>
    /// A counter that has not grown fails (section 7.2, step 22): somebody may have copied the key. Authenticators that
    /// do not count send zero for ever, which is good.
    /// </remarks>
    public async Task<bool> TryTakeAsync(Member member, IReadOnlyDictionary<string, JsonElement> credential, string? state, CancellationToken cancellationToken)
    {
        var result = await Handler().PerformAssertionAsync(new() { HttpContext = Context, CredentialJson = JsonSerializer.Serialize(credential), AssertionState = state });
        if (!result.Succeeded)
        {
            ThrowWhenDatabaseFailed(result.Failure);
            return false;
        }

        if (result.User.Id != member.Id)
        {
            return false;
        }

        var stored = await db.Passkeys.SingleAsync(p => p.CredentialId == result.Passkey.CredentialId, cancellationToken);
        stored.Data.SignCount = result.Passkey.SignCount;
        stored.Data.IsBackedUp = result.Passkey.IsBackedUp;
        return true;
    }

    /// <summary>The credential id in an answer; null when there is none.</summary>
    public static byte[]? IdOf(IReadOnlyDictionary<string, JsonElement> credential) =>
        credential.TryGetValue("id", out var id) && id.ValueKind == JsonValueKind.String ? IdOf(id.GetString()!) : null;

    /// <summary>A credential id by its text, base64url; null when it is none.</summary>
    public static byte[]? IdOf(string text) => Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;

    private PasskeyHandler<Member> Handler()
    {
        var url = new Uri(web.Value.UrlOf(db.Organization!));
        var origin = url.IsDefaultPort ? $"{url.Scheme}://{url.IdnHost}" : string.Create(CultureInfo.InvariantCulture, $"{url.Scheme}://{url.IdnHost}:{url.Port}");
        return new(users, Options.Create(new IdentityPasskeyOptions
        {
            ServerDomain = url.IdnHost,
            ValidateOrigin = answer => ValueTask.FromResult(!answer.CrossOrigin && answer.Origin == origin),
            UserVerificationRequirement = "required",
            ResidentKeyRequirement = "required",
            AttestationConveyancePreference = "none",
            AuthenticatorTimeout = Tenancy.SignIn.SignInChallenge.Lifetime,
        }));
    }

    // The handler takes whatever is thrown for a bad answer. A database that fails is to be tried again or to be a 500.
    private static void ThrowWhenDatabaseFailed(Exception? failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is DbException)
            {
                ExceptionDispatchInfo.Throw(cause);
            }
        }
    }
}
