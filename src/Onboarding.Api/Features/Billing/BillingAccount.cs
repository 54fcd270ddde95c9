using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Billing;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Billing;

/// <summary>The organization at its provider: what every use case of billing reads first, and how it calls the provider.</summary>
internal sealed partial class BillingAccount(
    BillingDbContext billing, TenantDbContext db, BillingProviders providers, PlanCatalogue catalogue, SyncRequests sync, IOptions<BillingOptions> options, RequestActor actor,
    TimeProvider clock, ILogger<BillingAccount> logger)
{
    /// <summary>How long whoever finds the provider away waits.</summary>
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(10);

    public Organization Organization => db.Organization!;

    /// <summary>The customer that the organization is, with what stands of its subscriptions; null when it is none.</summary>
    public async Task<(Customer? Customer, Standing Standing)> FindAsync(CancellationToken cancellationToken)
    {
        var key = Organization.Key;

        // The living one, else the last tombstone: what came of it still says how things stand.
        var customer = await billing.Customers.AsNoTracking().Where(c => c.OrganizationId == key)
            .OrderBy(c => c.DeletedAt == null ? 0 : 1).ThenByDescending(c => c.Id).FirstOrDefaultAsync(cancellationToken);
        if (customer is null)
        {
            return (null, new(null, SubscriptionPhase.None, null));
        }

        var subscriptions = await billing.Subscriptions.AsNoTracking().Where(s => s.CustomerId == customer.Id).OrderByDescending(s => s.CreatedAt).Take(100).ToListAsync(cancellationToken);
        return (customer.DeletedAt is null ? customer : null, Standing.Of(subscriptions, options.Value.Grace, clock.GetUtcNow()));
    }

    /// <summary>The provider by which the organization pays, or would.</summary>
    public IBillingProvider? ProviderOf(Customer? customer) => customer is null ? providers.Selling : providers.Find(customer.Provider) is { IsConfigured: true } known ? known : null;

    /// <summary>The price of a plan by the interval.</summary>
    public Price? PriceOf(string plan, string interval) => catalogue.Find(plan)?.Prices.FirstOrDefault(price => price.Interval == interval);

    /// <summary>Seats to pay for: as many as are taken.</summary>
    public async Task<long> SeatsAsync(Plan plan, CancellationToken cancellationToken) =>
        plan.PerSeat ? Math.Max(1, await db.Members.CountAsync(Tenancy.Members.Seats.IsTaken, cancellationToken)) : 1;

    /// <summary>Calls the provider, and answers with a problem where that fails. Nothing is held meanwhile: no transaction and no row.</summary>
    public async Task<(T? Value, ProblemHttpResult? Problem)> TryAsync<T>(Func<Task<T>> call)
        where T : class
    {
        try
        {
            return (await call(), null);
        }
        catch (ProviderUnavailableException exception)
        {
            ProviderAway(exception, Organization.Id);
            return (null, Unavailable());
        }
        catch (ProviderRefusedException exception)
        {
            ProviderRefused(exception, Organization.Id, exception.Code);
            return (null, Problems.Conflict("billing.refused", "The payment provider does not allow this now. Look at the subscription again."));
        }
    }

    /// <summary>
    /// Does something at the provider. What is asked for is noted before, and the state is fetched after, whatever came of it: a
    /// caller who hangs up, or an answer that is lost, leaves neither a change without an audit line nor one that nobody sees.
    /// </summary>
    /// <param name="action">What is asked for, as the audit log names it.</param>
    /// <param name="note">Which, in a word.</param>
    /// <param name="call">Calls the provider, and is not given up when the caller hangs up.</param>
    public async Task<(T? Value, ProblemHttpResult? Problem)> DoAsync<T>(string action, string? note, Func<Task<T>> call)
        where T : class
    {
        db.Audit(action, actor.ToActor(), subjectId: null, note, clock.GetUtcNow());
        await db.SaveChangesAsync(CancellationToken.None);
        try
        {
            return await TryAsync(call);
        }
        finally
        {
            await sync.OfOrganizationAsync(Organization.Key, CancellationToken.None);
        }
    }

    /// <summary>The same for a call without a result.</summary>
    public async Task<ProblemHttpResult?> DoAsync(string action, string? note, Func<Task> call) => (await DoAsync<object>(action, note, async () =>
    {
        await call();
        return this;
    })).Problem;

    public static ProblemHttpResult NotConfigured() => Problems.Unavailable("billing.not_configured", "Nothing can be bought here yet.", Away);

    public static ProblemHttpResult NoSubscription() => Problems.Conflict("billing.no_subscription", "There is no subscription for this.");

    public static ProblemHttpResult UnknownPlan() => Problems.BadRequest("billing.plan_unknown", "No such plan is sold by this interval; GET /billing/plans lists them.");

    private static ProblemHttpResult Unavailable() => Problems.Unavailable("billing.provider_unavailable", "The payment provider cannot be reached now; nothing has changed.", Away);

    [LoggerMessage(LogLevel.Warning, "The payment provider could not be reached for organization {Organization}.")]
    private partial void ProviderAway(Exception exception, string organization);

    [LoggerMessage(LogLevel.Warning, "The payment provider refused what organization {Organization} asked for: {Code}.")]
    private partial void ProviderRefused(Exception exception, string organization, string code);
}
