using System.Text.Json;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Wire;

namespace Onboarding.FakeStripe.World;

/// <summary>Makes time pass for what the fake holds, while the clock stays: everything moves into the past.</summary>
internal sealed class Passage(FakeWorld world, Subscriptions subscriptions, Invoices invoices, Checkouts checkouts)
{
    private const int MostSteps = 2_000;
    private const long TrialNotice = 3 * 86_400;

    private static readonly HashSet<string> Times =
    [
        "created", "updated", "current_period_start", "current_period_end", "trial_start", "trial_end", "billing_cycle_anchor", "cancel_at",
        "canceled_at", "ended_at", "start_date", "expires_at", "period_start", "period_end", "finalized_at", "paid_at", "voided_at",
        "marked_uncollectible_at", "effective_at", "next_payment_attempt", "start", "end",
    ];

    public void Pass(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        var noticed = world.Now + TrialNotice;
        var unnoticed = world.All("subscription").Where(one => one.Text("status") == "trialing" && one.Number("trial_end") > noticed).ToList();
        foreach (var thing in world.State.Objects.Concat(world.State.Pending.Values.SelectMany(lines => lines)))
        {
            Shift(thing, seconds);
        }

        foreach (var subscription in unnoticed.Where(one => one.Number("trial_end") <= noticed))
        {
            world.Emit("customer.subscription.trial_will_end", subscription);
        }

        for (var step = 0; step < MostSteps && Next() is { } due; step++)
        {
            world.As(due.At, due.Work);
        }
    }

    // What fell due first; one thing changes what falls due next.
    private Due? Next()
    {
        var now = world.Now;
        return world.State.Objects.SelectMany(Of).Where(due => due.At <= now).MinBy(due => due.At);
    }

    private IEnumerable<Due> Of(JsonObject thing) => (thing.Text("object"), thing.Text("status")) switch
    {
        ("checkout.session", "open") => [new(thing.Number("expires_at"), () => checkouts.Expire(thing.Text("id")))],
        ("subscription", "trialing" or "active" or "past_due") => [new(Periods.Item(thing).Number("current_period_end"), () => EndPeriod(thing))],
        ("subscription", "incomplete") => [new(thing.Number("created") + 82_800, () => subscriptions.ExpireIncomplete(thing))],
        ("invoice", "open") when thing.NumberOrNull("next_payment_attempt") is { } attempt => [new(attempt, () => Retry(thing))],
        _ => [],
    };

    private void EndPeriod(JsonObject subscription)
    {
        var paid = !world.State.Failing.Contains(subscription.Text("id"));
        if (subscription.Flag("cancel_at_period_end"))
        {
            subscriptions.Cancel(subscription);
        }
        else if (subscription.Text("status") == "trialing")
        {
            subscriptions.EndTrial(subscription, paid);
        }
        else
        {
            subscriptions.Renew(subscription, paid);
        }
    }

    private void Retry(JsonObject invoice)
    {
        var id = Invoices.SubscriptionOf(invoice);
        if (world.State.Failing.Contains(id))
        {
            invoices.Fail(invoice);
        }
        else
        {
            subscriptions.PayOpen(subscriptions.Get(id));
        }
    }

    private static void Shift(JsonNode? node, long seconds)
    {
        if (node is JsonArray array)
        {
            foreach (var one in array)
            {
                Shift(one, seconds);
            }
        }
        else if (node is JsonObject thing)
        {
            foreach (var name in thing.Select(one => one.Key).ToList())
            {
                // A customer's own words are no times.
                if (name == "metadata")
                {
                    continue;
                }

                if (Times.Contains(name) && thing[name]?.GetValueKind() == JsonValueKind.Number)
                {
                    thing[name] = thing.Number(name) - seconds;
                }
                else
                {
                    Shift(thing[name], seconds);
                }
            }
        }
    }

    private sealed record Due(long At, Action Work);
}
