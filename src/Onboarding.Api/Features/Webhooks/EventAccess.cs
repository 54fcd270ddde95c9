using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Webhooks.Events;

namespace Onboarding.Api.Features.Webhooks;

/// <summary>Whoever has events sent somewhere, or reads them, may read what they tell of: webhooks are no way around a permission.</summary>
internal sealed class EventAccess(TenantDbContext db, RequestActor actor)
{
    /// <summary>Why the caller may not hear of these types, groups or <c>*</c>; null when they may.</summary>
    public ProblemHttpResult? Refusal(params IEnumerable<string> heard)
    {
        var held = actor.Permissions;
        return EventCatalogue.PermissionsFor(heard).Where(permission => !held.Contains(permission)).Order(StringComparer.Ordinal).FirstOrDefault() is { } missing
            ? Problems.Forbidden("permission.denied", $"Such events take the permission {missing} too, as what they tell of does.")
            : null;
    }

    /// <summary>The same for what an endpoint was sent, or waits for: all of it can be sent again, wherever the endpoint leads by then.</summary>
    public async Task<ProblemHttpResult?> RefusalAsync(Guid endpointId, CancellationToken cancellationToken)
    {
        if (actor.Permissions.IsSupersetOf(Permissions.All))
        {
            return null;
        }

        var open = EventCatalogue.All.Where(type => actor.Permissions.Contains(type.Permission)).Select(type => type.Name).ToArray();
        var closed = await db.WebhookDeliveries.Where(d => d.EndpointId == endpointId)
            .Join(db.WebhookMessages, d => d.MessageId, m => m.Id, (_, m) => m.Type)
            .FirstOrDefaultAsync(type => !open.Contains(type), cancellationToken);
        return closed is null ? null : Refusal(closed);
    }
}
