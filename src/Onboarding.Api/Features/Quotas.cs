using System.ComponentModel.DataAnnotations;
using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features;

/// <summary>Section <c>Quotas</c>: limits that no plan lifts.</summary>
internal sealed class QuotaOptions
{
    public const string Section = "Quotas";

    /// <summary>Of an organization's keys: of one member's own, so that nobody uses up what is everybody's.</summary>
    [Range(0, 1_000_000)]
    public int ApiKeysPerMember { get; set; } = 20;
}

/// <summary>How many of a thing the organization may have, by its plan: the one place that says so, and how it is refused.</summary>
internal sealed class Quotas(
    TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, Entitlements entitlements, PlanCatalogue catalogue, IOptions<QuotaOptions> options)
{
    /// <summary>Of no more seats than this it is not asked whether they are plenty: they are not, where the server takes as many connections as servers do.</summary>
    private const long Few = 50;

    private Organization Organization => tenant.MultiTenantContext.TenantInfo!;

    public int ApiKeysPerMember => options.Value.ApiKeysPerMember;

    /// <summary>How much of <paramref name="quota"/> there is.</summary>
    public long Of(string quota) => entitlements.QuotaOf(Organization, quota);

    /// <summary>
    /// 409 <c>quota.…</c> with the numbers, or 403 <c>feature.not_in_plan</c> where a feature would lift it; null where one more
    /// is within the quota. The caller holds what keeps two at once from both finding the last place.
    /// </summary>
    /// <param name="quota">One of <see cref="QuotaNames"/>.</param>
    /// <param name="used">How many there are already.</param>
    public ProblemHttpResult? Refusal(string quota, long used)
    {
        var limit = Of(quota);
        return used < limit ? null
            : entitlements.LiftedBy(Organization, quota) is { } feature && limit == feature.From ? FeatureGate.NotInPlan(catalogue, feature.Name, Numbers(limit, used))
            : Problems.Conflict(
                $"quota.{quota}",
                $"The organization has {used} of {limit}.{(catalogue.SmallestWithMore(quota, limit) is { } plan ? $" The plan {plan.Name} has more." : "")}",
                Numbers(limit, used));
    }

    /// <summary>The same for a limit that is not the plan's.</summary>
    public static ProblemHttpResult? Refusal(string code, int used, int limit) =>
        used < limit ? null : Problems.Conflict(code, $"There are {used} of {limit}.", Numbers(limit, used));

    /// <summary>
    /// Whether one more member can be let in (ONB-11). Inside the transaction that lets them in: whoever else does so waits
    /// until it ends, and then counts anew.
    /// </summary>
    public async Task<ProblemHttpResult?> SeatRefusalAsync(CancellationToken cancellationToken) =>
        Refusal(QuotaNames.Seats, await Seats.CountAloneAsync(db, cancellationToken));

    /// <summary>
    /// Saves what is tracked, by which one more member is let in, unless there is no seat. Where there are plenty nobody waits
    /// for anybody.
    /// </summary>
    /// <returns>As <see cref="SeatRefusalAsync"/>; null when it is saved.</returns>
    public async Task<ProblemHttpResult?> SaveWithSeatAsync(CancellationToken cancellationToken)
    {
        var limit = Of(QuotaNames.Seats);
        var isSaved = limit > Few && await db.SaveUnlessAsync(async cancellation => await Seats.ArePlentyAsync(db, limit, cancellation) ? null : "few", cancellationToken) is null;
        return isSaved ? null : await db.SaveUnlessAsync(SeatRefusalAsync, cancellationToken);
    }

    private static Dictionary<string, object?> Numbers(long limit, long used) => new() { ["limit"] = limit, ["used"] = used };
}

internal static class QuotaServices
{
    public static IServiceCollection AddQuotas(this IServiceCollection services)
    {
        services.AddOptions<QuotaOptions>().BindConfiguration(QuotaOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddScoped<Quotas>().AddScoped<FeatureAccess>();
    }
}
