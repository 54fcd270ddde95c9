using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Onboarding.Billing.Callbacks;
using Onboarding.Billing.Data;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Spectre.Console;

namespace Onboarding.Api.CommandLine;

/// <summary><c>billing status|callbacks|replay|link|reconcile|settle</c>: what an operator looks at, and mends.</summary>
internal static class BillingCommands
{
    private const int Shown = 100;

    public static Command Create(IServiceProvider services) => new("billing", "Look at billing, and mend it.")
    {
        Status(services),
        List(services),
        Replay(services),
        Link(services),
        Reconcile(services),
        Settle(services),
    };

    private static Command Status(IServiceProvider services)
    {
        var command = new Command("status", "Say which customers need somebody to look at them. Exit status 1 when there are any.");
        command.SetAction(async (_, cancellationToken) =>
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<BillingDbContext>>().CreateDbContextAsync(cancellationToken);
            var odd = db.Customers.AsNoTracking().Where(c => c.Failures > 0 || c.Anomaly != null);
            var count = await odd.CountAsync(cancellationToken);
            Say($"{await db.Customers.CountAsync(c => c.DeletedAt == null, cancellationToken)} customers; {count} to look at; {await db.Callbacks.CountAsync(c => c.State == CallbackState.Unmatched, cancellationToken)} callbacks unmatched, {await db.Callbacks.CountAsync(c => c.State == CallbackState.Quarantined, cancellationToken)} quarantined.");
            foreach (var customer in await odd.OrderBy(c => c.Id).Take(Shown).ToListAsync(cancellationToken))
            {
                Say($"{customer.Provider} {customer.ExternalId} of organization {customer.OrganizationId}: {customer.Anomaly ?? $"{customer.Failures} fetches failed: {customer.LastError}"}");
            }

            return count == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command List(IServiceProvider services)
    {
        var state = new Option<CallbackState?>("--state") { Description = "Only those of which this became." };
        var command = new Command("callbacks", $"List callbacks, newest first, {Shown} at most.") { state };
        command.SetAction(async (result, cancellationToken) =>
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<BillingDbContext>>().CreateDbContextAsync(cancellationToken);
            var callbacks = db.Callbacks.AsNoTracking();
            callbacks = result.GetValue(state) is { } wanted ? callbacks.Where(c => c.State == wanted) : callbacks;
            foreach (var c in await callbacks.OrderByDescending(c => c.ReceivedAt).ThenBy(c => c.EventId).Take(Shown)
                .Select(c => new { c.ReceivedAt, c.Provider, c.EventId, c.Type, c.State, c.CustomerExternalId, c.Deliveries, c.Anomalies }).ToListAsync(cancellationToken))
            {
                Say($"{c.ReceivedAt:u} {c.Provider} {c.EventId} {c.Type} {SnakeCase.Name(c.State.ToString())} {c.CustomerExternalId ?? "-"} came {c.Deliveries} times{(c.Anomalies > 0 ? $", {c.Anomalies} of them otherwise" : "")}");
            }
        });
        return command;
    }

    private static Command Replay(IServiceProvider services)
    {
        var id = new Argument<string>("event") { Description = "The provider's id of the event." };
        var provider = Provider();
        var command = new Command("replay", "Have the state of a callback's customer fetched again.") { id, provider };
        command.SetAction(async (result, cancellationToken) =>
            await services.GetRequiredService<CallbackInbox>().ReplayAsync(result.GetValue(provider)!, result.GetValue(id)!, cancellationToken)
                ? Say("Its customer is looked at again.")
                : Fail("There is no such callback, its customer is nobody here, or it is quarantined."));
        return command;
    }

    private static Command Link(IServiceProvider services)
    {
        var identifier = new Argument<string>("identifier") { Description = "The organization's identifier." };
        var customer = new Argument<string>("customer") { Description = "The provider's id of the customer." };
        var provider = Provider();
        var command = new Command("link", "Say that a provider's customer is an organization; what had come for it is applied.") { identifier, customer, provider };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (await FindAsync(services, result.GetValue(identifier)!, cancellationToken) is not { } organization)
            {
                return Fail("There is no such organization.");
            }

            return await services.GetRequiredService<CustomerLinks>().LinkKnownAsync(organization.Key, result.GetValue(provider)!, result.GetValue(customer)!, cancellationToken) switch
            {
                LinkOutcome.Linked => Say("Linked; its state is being fetched."),
                LinkOutcome.Taken => Fail("The organization is another customer already, or the customer another organization."),
                _ => Fail("The provider has no such customer, does not answer, or is none here."),
            };
        });
        return command;
    }

    private static Command Reconcile(IServiceProvider services)
    {
        var command = new Command("reconcile", "Fetch the state of every customer now, and the provider's events.");
        command.SetAction(async (_, cancellationToken) =>
        {
            var report = await services.GetRequiredService<Reconciliation>().RunAsync(everybody: true, cancellationToken);
            Say($"{report.Checked} customers looked at, {report.Failed} not to be fetched, {report.Drifted} had drifted, {report.Missed} callbacks had been missed.");
            return report.Failed == 0 ? 0 : 1;
        });
        return command;
    }

    private static Command Settle(IServiceProvider services)
    {
        var identifier = new Argument<string>("identifier") { Description = "The organization's identifier." };
        var features = new Option<string[]>("--feature") { Description = "name=on, name=off, or name=plan to take it back." };
        var quotas = new Option<string[]>("--quota") { Description = "name=number, or name=plan to take it back." };
        var command = new Command("settle", "Settle features and quotas of one organization, whatever its plan says.") { identifier, features, quotas };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            if (await FindAsync(services, wanted, cancellationToken) is not { } organization)
            {
                return Fail("There is no such organization.");
            }

            var (on, numbers) = (new Dictionary<string, bool>(organization.Overrides.Features), new Dictionary<string, long>(organization.Overrides.Quotas));
            var catalogue = services.GetRequiredService<PlanCatalogue>();
            foreach (var text in result.GetValue(features) ?? [])
            {
                if (text.Split('=') is not [var name, ("on" or "off" or "plan") and var value] || catalogue.FindFeature(name) is null)
                {
                    return Fail($"{text} is no feature=on, =off or =plan.");
                }

                _ = value == "plan" ? on.Remove(name) : on[name] = value == "on";
            }

            foreach (var text in result.GetValue(quotas) ?? [])
            {
                var number = 0L;
                if (text.Split('=') is not [var name, var value] || !QuotaNames.All.Contains(name) || (value != "plan" && (!long.TryParse(value, out number) || number < 0)))
                {
                    return Fail($"{text} is no quota=number or =plan.");
                }

                if (value == "plan")
                {
                    numbers.Remove(name);
                }
                else
                {
                    numbers[name] = number;
                }
            }

            await services.GetRequiredService<GovernOrganization>().SettleAsync(organization.Key, new() { Features = on, Quotas = numbers }, Actor.System, reason: null, cancellationToken);
            return Say($"Settled for {wanted}: {string.Join(", ", on.Select(pair => $"{pair.Key} {(pair.Value ? "on" : "off")}").Concat(numbers.Select(pair => $"{pair.Key} {pair.Value}")).DefaultIfEmpty("nothing"))}.");
        });
        return command;
    }

    private static Option<string> Provider() => new("--provider") { Description = "The provider.", DefaultValueFactory = _ => "stripe" };

    private static async Task<Organization?> FindAsync(IServiceProvider services, string identifier, CancellationToken cancellationToken)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
        return await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == identifier, cancellationToken);
    }

    private static int Say(string sentence)
    {
        AnsiConsole.WriteLine(sentence);
        return 0;
    }

    private static int Fail(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 1;
    }
}
