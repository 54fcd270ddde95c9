using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Development;
using Onboarding.Api.Features.Registration;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <param name="Username">User name or e-mail address.</param>
public sealed record LoginRequest(
    [property: Required, StringLength(254)] string Username,
    [property: Required, StringLength(PasswordRules.MaxLength)] string Password);

/// <summary>Signs a member in. Every failure is <c>login.invalid</c>, and costs one hash and one audit line (SEC-12).</summary>
internal sealed class Login(TenantDbContext db, SessionTokens tokens, RequestActor actor, PasswordGate gate, IHostEnvironment environment, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPost("/login", (LoginRequest request, Login useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<LoginRequest>("login", limits => limits.Login, request => request.Username)
        .WithSummary("Sign in")
        .WithExample(new LoginRequest("ada", "four quiet herons at dusk"), TokenResponse.Example)
        .WithErrors(("login.invalid", 401), ("server.busy", 429));

    public async Task<Results<Ok<TokenResponse>, ProblemHttpResult>> HandleAsync(LoginRequest request, CancellationToken cancellationToken)
    {
        var name = Member.Normalize(request.Username);
        var member = await db.Members.SingleOrDefaultAsync(
            m => m.Status == MemberStatus.Active && (m.NormalizedUserName == name || m.NormalizedEmail == name), cancellationToken);
        var verified = await gate.VerifyAsync(member?.PasswordHash, request.Password, cancellationToken);
        if (verified is null)
        {
            return SetPassword.Busy();
        }

        // A database that was seeded for a demo and then put into production must not stay open to everybody.
        var demo = request.Password == DemoData.Password && !environment.IsDevelopment();
        if (member is null || demo || verified == PasswordVerificationResult.Failed)
        {
            db.Audit("sign_in.failed", actor.ToActor(), member?.Id, note: null, clock.GetUtcNow());
            await db.SaveChangesAsync(cancellationToken);
            return Problems.Unauthorized("login.invalid", "The user name or the password is wrong.");
        }

        if (verified == PasswordVerificationResult.SuccessRehashNeeded)
        {
            // Stored with fewer iterations than today's (SEC-18); when the gate is full, the next sign-in does it.
            member.PasswordHash = await gate.HashAsync(request.Password, cancellationToken) ?? member.PasswordHash;
        }

        return TypedResults.Ok(await StartSessionAsync(member, cancellationToken));
    }

    private async Task<TokenResponse> StartSessionAsync(Member member, CancellationToken cancellationToken)
    {
        var (session, started) = Session.Start(member.Id, ["pwd"], tokens.SessionLifetime, actor.IpAddress, actor.UserAgent, clock.GetUtcNow());
        db.Sessions.Add(session);
        var pair = tokens.Issue(member, session, predecessorId: null);
        db.Record(started, actor.ToActor() with { Kind = Tenancy.Audit.ActorKind.Member, Id = member.Id });
        await db.SaveChangesAsync(cancellationToken);
        return pair;
    }
}
