using System.Text.Json;
using Onboarding.Billing.Subscriptions;

namespace Onboarding.Billing.Stripe;

/// <summary>
/// Reads what Stripe sends from its text. Not by the SDK's types: one member that is null where they expect a number makes
/// them throw, and then nothing of a customer could be read.
/// </summary>
internal static class StripeJson
{
    /// <summary>The organization's id, in the metadata of everything that we make there.</summary>
    public const string OrganizationId = "organization_id";

    public static SubscriptionSnapshot Subscription(JsonElement subscription)
    {
        var item = Items(subscription);
        return new(
            Text(subscription, "id") ?? "",
            OrganizationOf(subscription),
            Status(Text(subscription, "status")),
            Text(item, "id") ?? "",
            Text(Member(item, "price"), "lookup_key"),
            Number(item, "quantity") ?? 1,
            Time(item, "current_period_end"),
            CancelAt(subscription, item),
            Time(subscription, "trial_start"),
            Time(subscription, "trial_end"),
            Time(subscription, "created") ?? DateTimeOffset.UnixEpoch,
            subscription.GetRawText());
    }

    public static InvoiceSnapshot Invoice(JsonElement invoice) => new(
        Text(invoice, "id") ?? "",
        IdOf(Member(Member(Member(invoice, "parent"), "subscription_details"), "subscription")),
        Text(invoice, "number"),
        Text(invoice, "status") ?? "draft",
        Number(invoice, "amount_due") ?? 0,
        Number(invoice, "amount_paid") ?? 0,
        Text(invoice, "currency") ?? "",
        Number(invoice, "attempt_count") ?? 0,
        Time(invoice, "created") ?? DateTimeOffset.UnixEpoch,
        Time(Member(invoice, "status_transitions"), "finalized_at"),
        Time(Member(invoice, "status_transitions"), "paid_at"),
        Text(invoice, "hosted_invoice_url"),
        Text(invoice, "invoice_pdf"));

    /// <summary>Whose an object says it is: by its own metadata, by what a checkout was started with, or by its subscription's.</summary>
    public static Guid? OrganizationOf(JsonElement thing) =>
        Id(Text(Member(thing, "metadata"), OrganizationId))
        ?? Id(Text(thing, "client_reference_id"))
        ?? Id(Text(Member(Member(Member(thing, "parent"), "subscription_details"), "metadata"), OrganizationId));

    /// <summary>The customer whom an object is about; the object itself where it is one.</summary>
    public static string? CustomerOf(JsonElement thing) => Text(thing, "object") == "customer" ? Text(thing, "id") : IdOf(Member(thing, "customer"));

    public static JsonElement Member(JsonElement thing, string name) =>
        thing.ValueKind == JsonValueKind.Object && thing.TryGetProperty(name, out var member) ? member : default;

    public static string? Text(JsonElement thing, string name) => Member(thing, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public static bool? Flag(JsonElement thing, string name) => Member(thing, name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static DateTimeOffset? Time(JsonElement thing, string name) =>
        Number(thing, name) is >= 0 and <= MaxTime and var seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private const long MaxTime = 253_402_300_799; // the end of the year 9999

    private static long? Number(JsonElement thing, string name) => Member(thing, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;

    // An expandable member is an id or the whole object.
    private static string? IdOf(JsonElement reference) => reference.ValueKind == JsonValueKind.String ? reference.GetString() : Text(reference, "id");

    private static Guid? Id(string? text) => Guid.TryParse(text, out var id) ? id : null;

    // What we sell has one item; where somebody has added others by hand, that which the catalogue can know counts.
    private static JsonElement Items(JsonElement subscription)
    {
        var data = Member(Member(subscription, "items"), "data");
        if (data.ValueKind != JsonValueKind.Array || data.GetArrayLength() == 0)
        {
            return default;
        }

        return data.EnumerateArray().FirstOrDefault(item => Text(Member(item, "price"), "lookup_key") is not null, data[0]);
    }

    private static DateTimeOffset? CancelAt(JsonElement subscription, JsonElement item) =>
        Time(subscription, "cancel_at") ?? (Flag(subscription, "cancel_at_period_end") == true ? Time(item, "current_period_end") : null);

    private static SubscriptionStatus Status(string? status) => status switch
    {
        "incomplete" => SubscriptionStatus.Incomplete,
        "incomplete_expired" => SubscriptionStatus.IncompleteExpired,
        "trialing" => SubscriptionStatus.Trialing,
        "active" => SubscriptionStatus.Active,
        "past_due" => SubscriptionStatus.PastDue,
        "unpaid" => SubscriptionStatus.Unpaid,
        "paused" => SubscriptionStatus.Paused,
        "canceled" => SubscriptionStatus.Canceled,
        _ => SubscriptionStatus.Unknown,
    };
}
