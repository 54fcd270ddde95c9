using System.Collections.Frozen;
using System.Diagnostics;
using System.Security.Claims;
using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Http;

/// <summary>Who makes the current request, for use cases and for the audit log.</summary>
internal sealed class RequestActor(IHttpContextAccessor accessor)
{
    private HttpContext Context => accessor.HttpContext ?? throw new InvalidOperationException("There is no request.");

    /// <summary>The signed-in member; endpoints behind a policy always have one.</summary>
    public Guid MemberId => Guid.Parse(Claim(TokenClaims.Subject)!);

    /// <summary>The session of the access token.</summary>
    public Guid SessionId => Guid.Parse(Claim(TokenClaims.SessionId)!);

    /// <summary>What the caller may do.</summary>
    public IReadOnlySet<string> Permissions => PermissionsOf(Context);

    /// <summary>
    /// What the caller of a request may do: what the role in the token allows in this organization today, so that a
    /// role which was changed holds for tokens that were issued before (SEC-24).
    /// </summary>
    public static IReadOnlySet<string> PermissionsOf(HttpContext context) =>
        context.GetMultiTenantContext<Organization>().TenantInfo is { } organization
            ? organization.PermissionsOf(context.User.FindFirstValue(TokenClaims.Role))
            : FrozenSet<string>.Empty;

    public string? IpAddress => Context.Connection.RemoteIpAddress?.ToString();

    public string? UserAgent => Context.Request.Headers.UserAgent.FirstOrDefault();

    /// <summary>The same as an audit line tells it.</summary>
    public Actor ToActor() => Claim(TokenClaims.Subject) is { } subject
        ? new(ActorKind.Member, Guid.Parse(subject), IpAddress, RequestId)
        : new(ActorKind.Anonymous, Id: null, IpAddress, RequestId);

    /// <summary>The same for a member who has just shown who they are, and has no token yet.</summary>
    public Actor By(Tenancy.Members.Member member) => ToActor() with { Kind = ActorKind.Member, Id = member.Id };

    private string RequestId => Activity.Current?.TraceId.ToHexString() ?? Context.TraceIdentifier;

    private string? Claim(string type) => Context.User.FindFirstValue(type);
}
