using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Audit;

/// <summary>Who does something, as the audit log tells it.</summary>
/// <param name="Kind">What kind of party acts.</param>
/// <param name="Id">Id of the member, key or super admin; null for the anonymous and the system.</param>
/// <param name="IpAddress">Where the request came from, when there was one.</param>
/// <param name="RequestId">Trace id of the request, to find it in the logs.</param>
public sealed record Actor(ActorKind Kind, Guid? Id = null, string? IpAddress = null, string? RequestId = null)
{
    /// <summary>The product itself: jobs and the command line.</summary>
    public static Actor System { get; } = new(ActorKind.System);

    /// <summary>The kind, as audit logs write it.</summary>
    internal string KindName => SnakeCase.Name(Kind.ToString());
}

/// <summary>The kinds of party that act.</summary>
public enum ActorKind
{
    /// <summary>The product itself.</summary>
    System,

    /// <summary>Somebody who is not signed in.</summary>
    Anonymous,

    /// <summary>A signed-in member.</summary>
    Member,

    /// <summary>A machine with an API key.</summary>
    ApiKey,

    /// <summary>Somebody who runs the platform.</summary>
    SuperAdmin,
}
