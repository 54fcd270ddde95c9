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

    /// <summary>The signed-in member. Only for routes that need a session: others take API keys, which have none.</summary>
    public Guid MemberId => Guid.Parse(Claim(TokenClaims.Subject)!);

    /// <summary>The member whose rights are used: who is signed in, or the owner of the API key; null with a key of the organization's own, and for a super admin.</summary>
    public Guid? OnBehalfOf => Key is { } key ? key.OwnerId : IsSuperAdmin ? null : MemberId;

    /// <summary>
    /// Whether to act on this member is to act on oneself, for what nobody does to themselves: who is signed in, the owner
    /// of the API key, or who created it for the organization, and so has seen it.
    /// </summary>
    public bool IsSelf(Guid memberId) => memberId == (OnBehalfOf ?? Key?.CreatedBy);

    /// <summary>The session of the access token.</summary>
    public Guid SessionId => Guid.Parse(Claim(TokenClaims.SessionId)!);

    /// <summary>What the caller may do.</summary>
    public IReadOnlySet<string> Permissions => PermissionsOf(Context);

    /// <summary>
    /// What the caller of a request may do: what the role in the token allows in this organization today, so that a
    /// role which was changed holds for tokens that were issued before (SEC-24); of an API key its scopes.
    /// </summary>
    public static IReadOnlySet<string> PermissionsOf(HttpContext context) =>
        context.User.Identity is ApiKeyIdentity key ? key.Permissions
        : ActingSuperAdmin.Of(context) is not null ? ActingSuperAdmin.PermissionsOf(context.Request)
        : context.GetMultiTenantContext<Organization>().TenantInfo is { } organization
            ? organization.PermissionsOf(context.User.FindFirstValue(TokenClaims.Role))
        : FrozenSet<string>.Empty;

    public string? IpAddress => Context.Connection.RemoteIpAddress?.ToString();

    public string? UserAgent => Context.Request.Headers.UserAgent.FirstOrDefault();

    /// <summary>The same as an audit line tells it.</summary>
    public Actor ToActor() =>
        Key is { } key ? new(ActorKind.ApiKey, key.KeyId, IpAddress, RequestId)
        : IsSuperAdmin && Claim(TokenClaims.Subject) is { } admin ? new(ActorKind.SuperAdmin, Guid.Parse(admin), IpAddress, RequestId)
        : Claim(TokenClaims.Subject) is { } subject ? new(ActorKind.Member, Guid.Parse(subject), IpAddress, RequestId)
        : new(ActorKind.Anonymous, Id: null, IpAddress, RequestId);

    /// <summary>The same for a member who has just shown who they are, and has no token yet.</summary>
    public Actor By(Tenancy.Members.Member member) => ToActor() with { Kind = ActorKind.Member, Id = member.Id };

    // On a route of the platform, or acting inside an organization.
    private bool IsSuperAdmin => Context.GetEndpoint()?.Metadata.GetMetadata<PlatformRoute>() is not null || ActingSuperAdmin.Of(Context) is not null;

    private ApiKeyIdentity? Key => Context.User.Identity as ApiKeyIdentity;

    private string RequestId => Activity.Current?.TraceId.ToHexString() ?? Context.TraceIdentifier;

    private string? Claim(string type) => Context.User.FindFirstValue(type);
}
