using System.ComponentModel.DataAnnotations;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Development;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Platform;

namespace Onboarding.Api.Features.Platform;

/// <param name="Code">Six digits of the authenticator app; asked for wherever one is set up, which outside Development is everywhere.</param>
public sealed record PlatformLoginRequest(
    [property: Required, StringLength(64)] string Username,
    [property: Required, StringLength(PasswordRules.MaxLength)] string Password,
    [property: StringLength(16)] string? Code = null);

/// <param name="Access">ES256 JSON Web Token for the audience <c>platform</c>; send it as <c>Authorization: Bearer</c>.</param>
/// <param name="ExpiresIn">Seconds until it ends however busy; unused, it ends sooner.</param>
public sealed record PlatformTokenResponse(string Access, string TokenType, int ExpiresIn)
{
    internal static readonly PlatformTokenResponse Example = new("eyJhbGciOiJFUzI1NiIs...", "Bearer", 28_800);
}

/// <summary>Signs a super admin in, with an audience of its own (SEC-37). Every try is a line of the platform's audit log.</summary>
/// <remarks>An unknown name costs what a wrong password does, and hears the same (SEC-12). Who has shown no second factor gets in in Development alone.</remarks>
internal sealed class PlatformLogin(
    PlatformDbContext db, PasswordGate gate, TotpSeeds seeds, PlatformTokens tokens, RequestActor actor, IOptions<PlatformOptions> options, IHostEnvironment environment, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder platform) => platform
        .MapPost("/login", (PlatformLoginRequest request, PlatformLogin useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .AllowAnonymous()
        .ExcludeFromMultiTenantResolution()
        .Throttled<PlatformLoginRequest>("platform-login", limits => limits.PlatformLogin, request => request.Username)
        .WithSummary("Sign in as a super admin")
        .WithExample(new PlatformLoginRequest("root", "four quiet herons at dusk", "287082"), PlatformTokenResponse.Example)
        .WithErrors(("login.invalid", 401), ("mfa.code_required", 401), ("mfa.invalid", 401), ("mfa.setup_required", 403), ("mfa.locked", 429), ("server.busy", 429));

    public async Task<Results<Ok<PlatformTokenResponse>, ProblemHttpResult>> HandleAsync(PlatformLoginRequest request, CancellationToken cancellationToken)
    {
        if (gate.IsFull(organization: null))
        {
            return PasswordGate.Busy();
        }

        var name = Member.Normalize(request.Username);
        var known = await db.SuperAdmins.AsNoTracking().SingleOrDefaultAsync(a => a.NormalizedUserName == name && a.DisabledAt == null, cancellationToken);
        var verified = await gate.VerifyAsync(organization: null, known?.PasswordHash, request.Password, cancellationToken);
        if (verified is null)
        {
            return PasswordGate.Busy();
        }

        var demo = request.Password == DemoData.Password && !environment.IsDevelopment();
        if (known is null || demo || verified == PasswordVerificationResult.Failed)
        {
            return await RefuseAsync("sign_in.failed", known?.Id, Problems.Unauthorized("login.invalid", "The user name or the password is wrong."), cancellationToken);
        }

        return await db.InTransactionAsync(() => ContinueAsync(known.Id, known.PasswordHash, request.Code, cancellationToken), cancellationToken);
    }

    private async Task<Results<Ok<PlatformTokenResponse>, ProblemHttpResult>> ContinueAsync(Guid id, string passwordHash, string? code, CancellationToken cancellationToken)
    {
        // With the row held: of many right codes at once one is taken, and of many wrong ones each is counted.
        var admin = (await db.SuperAdmins.FromSql($"SELECT * FROM platform.super_admins WHERE id = {id} FOR UPDATE").ToListAsync(cancellationToken)).Single();
        var now = clock.GetUtcNow();
        if (admin.DisabledAt is not null || admin.PasswordHash != passwordHash)
        {
            return await RefuseAsync("sign_in.failed", id, Problems.Unauthorized("login.invalid", "The user name or the password is wrong."), cancellationToken);
        }

        if (admin.ProtectedSeed is null)
        {
            return environment.IsDevelopment()
                ? await SignInAsync(admin, isMultiFactor: false, now, cancellationToken)
                : await RefuseAsync("sign_in.mfa_missing", id, Problems.Forbidden("mfa.setup_required", "This account has no second factor. An operator sets one up by the command super-admin reset-mfa."), cancellationToken);
        }

        if (admin.IsLocked(now))
        {
            return await RefuseAsync("sign_in.mfa_locked", id, Problems.TooManyRequests("mfa.locked", "Too many wrong codes. Wait before the next one.", admin.LockedUntil!.Value - now), cancellationToken);
        }

        if (string.IsNullOrWhiteSpace(code))
        {
            return await RefuseAsync("sign_in.mfa_required", id, Problems.Unauthorized("mfa.code_required", "The password is right. Send it again with the code of your authenticator app."), cancellationToken);
        }

        return admin.TryTake(seeds.StepOf(code.Replace(" ", "", StringComparison.Ordinal), admin, now), now)
            ? await SignInAsync(admin, isMultiFactor: true, now, cancellationToken)
            : await RefuseAsync("sign_in.mfa_failed", id, Problems.Unauthorized("mfa.invalid", "The code is wrong or was used before."), cancellationToken);
    }

    private async Task<Ok<PlatformTokenResponse>> SignInAsync(SuperAdmin admin, bool isMultiFactor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var session = SuperAdminSession.Start(admin, isMultiFactor, options.Value.SessionAbsolute, actor.IpAddress, now);
        db.SuperAdminSessions.Add(session);
        PlatformAudit.Add(db, "sign_in.succeeded", actor.ToActor() with { Kind = ActorKind.SuperAdmin, Id = admin.Id }, organizationId: null, session.Id, note: null, now);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(new PlatformTokenResponse(tokens.Issue(admin, session), "Bearer", (int)(session.ExpiresAt - now).TotalSeconds));
    }

    private async Task<ProblemHttpResult> RefuseAsync(string action, Guid? admin, ProblemHttpResult refusal, CancellationToken cancellationToken)
    {
        PlatformAudit.Add(db, action, actor.ToActor(), organizationId: null, admin, note: null, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return refusal;
    }
}
