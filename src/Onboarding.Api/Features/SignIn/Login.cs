using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Development;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <param name="Username">User name or e-mail address.</param>
/// <param name="DeviceToken">Of a device that was remembered; with it no second factor is asked for.</param>
public sealed record LoginRequest(
    [property: Required, StringLength(254)] string Username,
    [property: Required, StringLength(PasswordRules.MaxLength)] string Password,
    [property: StringLength(256)] string? DeviceToken = null);

/// <summary>
/// Signs a member in, or asks for the second factor where the member has one. Every failure is <c>login.invalid</c>; an
/// unknown name costs what a wrong password does, one hash and one audit line (SEC-12).
/// </summary>
/// <remarks>The password is checked before the transaction, so no row is held while a core is busy.</remarks>
internal sealed class Login(
    TenantDbContext db, SessionStarting sessions, SecondFactors factors, RememberedDevices devices, RequestActor actor, PasswordGate gate, IHostEnvironment environment, TimeProvider clock)
{
    /// <summary>Says nothing about anybody, so it may be told.</summary>
    public const string TurnedOff = "Your organization does not let its members sign in this way.";

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login", (LoginRequest request, Login useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<LoginRequest>("login", limits => limits.Login, request => request.Username)
        .ReachableWhileSuspended()
        .WithSummary("Sign in")
        .WithExample(new LoginRequest("ada", "four quiet herons at dusk"), TokenResponse.Example, name: "signed_in")
        .WithExample(response: MfaChallengeResponse.Example, name: "mfa_required")
        .WithErrors(("login.invalid", 401), ("server.busy", 429));

    public async Task<Results<Ok<TokenResponse>, Ok<MfaChallengeResponse>, ProblemHttpResult>> HandleAsync(LoginRequest request, CancellationToken cancellationToken)
    {
        if (gate.IsFull(db.Organization!.Key))
        {
            return PasswordGate.Busy();
        }

        var name = Member.Normalize(request.Username);
        var member = await db.Members.AsNoTracking().SingleOrDefaultAsync(
            m => m.Status == MemberStatus.Active && (m.NormalizedUserName == name || m.NormalizedEmail == name), cancellationToken);
        var verified = await gate.VerifyAsync(db.Organization!.Key, member?.PasswordHash, request.Password, cancellationToken);
        if (verified is null)
        {
            return PasswordGate.Busy();
        }

        // A database that was seeded for a demo and then put into production must not stay open to everybody.
        var demo = request.Password == DemoData.Password && !environment.IsDevelopment();
        if (member is null || demo || verified == PasswordVerificationResult.Failed)
        {
            return await RefuseAsync(member?.Id, cancellationToken);
        }

        // Stored with fewer iterations than today's (SEC-18); when the gate is full, the next sign-in does it.
        var renewed = verified == PasswordVerificationResult.SuccessRehashNeeded ? await gate.HashAsync(db.Organization!.Key, request.Password, cancellationToken) : null;
        return await db.InTransactionAsync(() => ContinueAsync(member, renewed, request.DeviceToken, cancellationToken), cancellationToken);
    }

    /// <param name="known">The member as it was when the password was checked.</param>
    private async Task<Results<Ok<TokenResponse>, Ok<MfaChallengeResponse>, ProblemHttpResult>> ContinueAsync(
        Member known, string? renewedHash, string? deviceToken, CancellationToken cancellationToken)
    {
        // A password that was changed meanwhile, or a member who was shut out, starts no session that nobody would end.
        var member = await db.LockMemberAsync(known.Id, cancellationToken);
        if (member is not { Status: MemberStatus.Active } || member.PasswordHash != known.PasswordHash)
        {
            return await RefuseAsync(known.Id, cancellationToken);
        }

        if (!db.Organization!.Admits(member.Role))
        {
            return Suspension.Refusal();
        }

        // Who has no passkey yet comes in by password all the same, and gets no further than adding one (RequiredMfa).
        if (!db.Organization.Settings.TakesPasswords && await factors.HasPasskeyAsync(member.Id, cancellationToken))
        {
            return await RefuseAsync(known.Id, cancellationToken, TurnedOff);
        }

        member.PasswordHash = renewedHash ?? member.PasswordHash;
        if (member.TwoFactorEnabled && !await devices.TryUseAsync(member, deviceToken, cancellationToken))
        {
            var challenge = await factors.ChallengeAsync(member, actor, cancellationToken);
            await db.SaveChangesAsync(cancellationToken);
            return TypedResults.Ok(challenge);
        }

        var (_, pair) = member.TwoFactorEnabled
            ? sessions.Start(member, AuthenticationMethods.Password, AuthenticationMethods.MultiFactor)
            : sessions.Start(member, AuthenticationMethods.Password);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(pair);
    }

    private async Task<ProblemHttpResult> RefuseAsync(Guid? memberId, CancellationToken cancellationToken, string sentence = "The user name or the password is wrong.")
    {
        db.Audit("sign_in.failed", actor.ToActor(), memberId, note: null, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return Problems.Unauthorized("login.invalid", sentence);
    }
}
