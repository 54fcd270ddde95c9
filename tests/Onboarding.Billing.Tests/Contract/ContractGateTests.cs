using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Onboarding.FakeStripe.Contract;
using Stripe;

namespace Onboarding.Billing.Tests.Contract;

/// <summary>The fake Stripe cannot drift from the real API's shapes (BILL-25).</summary>
public sealed class ContractGateTests
{
    private static readonly StripeContract Contract = StripeContract.Load();

    [Fact] // BILL-25
    public void It_describes_the_version_that_the_library_calls() => Assert.Equal(StripeConfiguration.ApiVersion, Contract.ApiVersion);

    [Fact] // BILL-25
    public async Task It_is_made_anew_byte_for_byte()
    {
        var folder = Folder();
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules", "stripe")), $"Run `npm ci --ignore-scripts` in {folder} (`./dev test` does).");
        using var node = Process.Start(new ProcessStartInfo("node", ["generate.mjs", "--check"]) { WorkingDirectory = folder, RedirectStandardError = true })!;
        var said = await node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(node.ExitCode == 0, said);
    }

    [Theory] // BILL-25
    [InlineData("POST", "/v1/customers", "", "name=Acme&metadata[organization_id]=1")]
    [InlineData("POST", "/v1/checkout/sessions", "", "mode=subscription&customer=cus_1&line_items[0][price]=price_1&line_items[0][quantity]=3&subscription_data[trial_period_days]=14&success_url=https%3A%2F%2Fx.test&allow_promotion_codes=true")]
    [InlineData("GET", "/v1/subscriptions", "?customer=cus_1&status=all&limit=100", "")]
    [InlineData("GET", "/v1/events", "?created[gte]=1790000000&limit=100", "")]
    public void What_is_sent_fits(string method, string path, string query, string form) => Assert.Empty(Contract.CheckRequest(method, path, query, form));

    [Theory] // BILL-25
    [InlineData("POST", "/v1/customers", "", "nmae=Acme")] // a misspelt parameter
    [InlineData("POST", "/v1/checkout/sessions", "", "mode=subscribtion")] // an unknown value
    [InlineData("POST", "/v1/checkout/sessions", "", "mode=subscription&line_items[0][quantity]=three")]
    [InlineData("POST", "/v1/checkout/sessions", "", "mode=subscription&line_items[0][price][id]=x")]
    [InlineData("GET", "/v1/subscriptions", "?status=alive", "")]
    [InlineData("GET", "/v1/charges", "", "")] // not listed
    [InlineData("PUT", "/v1/customers/cus_1", "", "name=x")]
    [InlineData("POST", "/v1/customers", "?name=Acme", "")] // in the wrong place
    public void What_does_not_fit_is_refused(string method, string path, string query, string form) => Assert.NotEmpty(Contract.CheckRequest(method, path, query, form));

    [Fact] // BILL-25
    public void An_answer_that_lacks_a_member_or_has_one_too_many_is_refused()
    {
        static JsonObject Price() => new()
        {
            ["id"] = "price_1", ["object"] = "price", ["active"] = true, ["billing_scheme"] = "per_unit", ["created"] = 1, ["currency"] = "eur", ["custom_unit_amount"] = null, ["livemode"] = false,
            ["lookup_key"] = "k", ["metadata"] = new JsonObject(), ["nickname"] = null, ["product"] = "prod_1", ["recurring"] = null, ["tax_behavior"] = null, ["tiers_mode"] = null,
            ["transform_quantity"] = null, ["type"] = "recurring", ["unit_amount"] = 100, ["unit_amount_decimal"] = "100",
        };
        Assert.Empty(Contract.CheckResponse("GET", "/v1/prices/price_1", 200, Price()));
        foreach (var spoil in new Action<JsonObject>[]
        {
            price => price.Remove("unit_amount"),
            price => price["unheard_of"] = 1,
            price => price["type"] = "sometimes",
            price => price["created"] = "yesterday",
            price => price["currency"] = null,
            price => price["metadata"] = new JsonObject { ["a"] = 1 },
        })
        {
            var price = Price();
            spoil(price);
            Assert.NotEmpty(Contract.CheckResponse("GET", "/v1/prices/price_1", 200, price));
        }
    }

    [Fact] // BILL-25
    public void A_contract_that_changes_is_noticed()
    {
        using var stream = typeof(ContractGateTests).Assembly.GetManifestResourceStream("stripe-contract.json")!;
        var changed = JsonNode.Parse(stream)!;
        var customer = changed["$defs"]!["Customers:CustomerCreateParams"]!["properties"]!.AsObject();
        Assert.True(customer.Remove("email"));
        Assert.Empty(Contract.CheckRequest("POST", "/v1/customers", "", "email=a%40b.test"));
        Assert.NotEmpty(StripeContract.Parse(changed.ToJsonString()).CheckRequest("POST", "/v1/customers", "", "email=a%40b.test"));
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src/Onboarding.FakeStripe/Contract"));
}
