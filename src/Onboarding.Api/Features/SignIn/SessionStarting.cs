using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignIn;

/// <summary>Starts sessions: where every sign-in ends that went well, by whichever factors.</summary>
internal sealed class SessionStarting(TenantDbContext db, SessionTokens tokens, RequestActor actor, TimeProvider clock)
{
    /// <summary>A new session, recorded, and its first pair of tokens. The caller saves.</summary>
    /// <param name="methods">What was shown (<see cref="AuthenticationMethods"/>).</param>
    public (Session Session, TokenResponse Pair) Start(Member member, params IReadOnlyList<string> methods)
    {
        var (session, started) = Session.Start(member.Id, methods, tokens.SessionLifetime, actor.IpAddress, actor.UserAgent, clock.GetUtcNow());
        db.Sessions.Add(session);
        var pair = tokens.Issue(member, session, predecessorId: null);
        db.Record(started, actor.By(member));
        return (session, pair);
    }
}
