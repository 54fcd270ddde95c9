using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Billing.Tests.Plans;

/// <summary>The catalogue is checked when the node starts, and says what each organization has.</summary>
public sealed class CatalogueTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_catalogue_that_comes_along_is_good() => Assert.True(Validate(new()).Succeeded, Validate(new()).FailureMessage);

    [Theory]
    [InlineData("Billing:DefaultPlan", "nothing")]
    [InlineData("Billing:DefaultPlan", "premium")] // It has a price.
    [InlineData("Billing:Plans:free:Rank", "10")]
    [InlineData("Billing:Plans:free:Name", " ")]
    [InlineData("Billing:Plans:free:Quotas:seats", "-1")]
    [InlineData("Billing:Plans:free:Quotas:sets", "1")]
    [InlineData("Billing:Plans:premium:TrialDays", "731")]
    [InlineData("Billing:Plans:premium:Features:0", "unheard_of")]
    [InlineData("Billing:Plans:premium:Prices:0:LookupKey", "premium_yearly")]
    [InlineData("Billing:Plans:premium:Prices:0:Currency", "EURO")]
    [InlineData("Billing:Plans:premium:Prices:0:Interval", "week")]
    [InlineData("Billing:Plans:premium:Prices:0:Amount", "-1")]
    [InlineData("Billing:Features:sso:Rollout", "101")]
    [InlineData("Billing:Features:more_api_keys:Lifts", "keys")]
    [InlineData("Billing:Plans:Premium plan:Name", "x")]
    public void One_that_contradicts_itself_stops_the_start(string key, string value) => Assert.True(Validate(new() { [key] = value }).Failed);

    [Fact]
    public void A_feature_of_the_code_that_it_lacks_stops_the_start()
    {
        var options = Options(new());
        Assert.True(options.Features.Remove(FeatureNames.CustomRoles));
        Assert.Contains(FeatureNames.CustomRoles, new BillingOptionsValidator().Validate(null, options).FailureMessage, StringComparison.Ordinal);
    }

    [Fact] // BILL-22
    public void An_unknown_price_is_no_plans()
    {
        var catalogue = Catalogue(new());
        Assert.Equal("premium", catalogue.SoldAt("premium_yearly")!.Key);
        Assert.Null(catalogue.SoldAt("unheard_of"));
        Assert.Null(catalogue.SoldAt(null));
    }

    [Fact]
    public void A_plan_that_the_catalogue_lost_is_the_default() => Assert.Equal("free", new Entitlements(Catalogue(new())).PlanOf(Organization("gone")).Key);

    [Fact]
    public void What_a_feature_would_lift_is_held_down_without_it()
    {
        var entitlements = new Entitlements(Catalogue(new()));
        Assert.Equal((2L, 100L), (entitlements.QuotaOf(Organization("free"), QuotaNames.ApiKeys), entitlements.QuotaOf(Organization("premium"), QuotaNames.ApiKeys)));
        Assert.Equal(FeatureNames.MoreApiKeys, entitlements.LiftedBy(Organization("free"), QuotaNames.ApiKeys)!.Name);
        Assert.Null(entitlements.LiftedBy(Organization("premium"), QuotaNames.ApiKeys));
    }

    [Fact]
    public void What_was_settled_for_one_goes_before_its_plan_both_ways()
    {
        var entitlements = new Entitlements(Catalogue(new()));
        var (free, premium) = (Organization("free"), Organization("premium"));
        free.Settle(new() { Features = new Dictionary<string, bool> { [FeatureNames.CustomRoles] = true }, Quotas = new Dictionary<string, long> { [QuotaNames.ApiKeys] = 7 } }, Now);
        premium.Settle(new() { Features = new Dictionary<string, bool> { [FeatureNames.CustomRoles] = false } }, Now);
        Assert.True(entitlements.Has(free, FeatureNames.CustomRoles));
        Assert.False(entitlements.Has(premium, FeatureNames.CustomRoles));
        Assert.Equal(7, entitlements.QuotaOf(free, QuotaNames.ApiKeys));
        Assert.False(entitlements.Has(Organization("free"), FeatureNames.CustomRoles));
    }

    [Fact]
    public void A_rollout_reaches_its_share_always_the_same_and_more_of_them_when_it_grows()
    {
        var organizations = Enumerable.Range(0, 2_000).Select(_ => Organization("premium")).ToList();
        HashSet<string> Reached(int percent)
        {
            var entitlements = new Entitlements(Catalogue(new() { ["Billing:Features:custom_roles:Rollout"] = $"{percent}" }));
            return [.. organizations.Where(organization => entitlements.Has(organization, FeatureNames.CustomRoles)).Select(organization => organization.Id)];
        }

        var (none, quarter, half, all) = (Reached(0), Reached(25), Reached(50), Reached(100));
        Assert.Empty(none);
        Assert.Equal(2_000, all.Count);
        Assert.InRange(quarter.Count, 400, 600);
        Assert.InRange(half.Count, 900, 1_100);
        Assert.Subset(half, quarter);
        Assert.Equal(half, Reached(50));
    }

    private static Organization Organization(string plan) => Tenancy.Organizations.Organization.Register("acme", "Acme", plan, Now);

    private static PlanCatalogue Catalogue(Dictionary<string, string?> overrides) => new(Microsoft.Extensions.Options.Options.Create(Options(overrides)));

    private static ValidateOptionsResult Validate(Dictionary<string, string?> overrides) => new BillingOptionsValidator().Validate(null, Options(overrides));

    private static BillingOptions Options(Dictionary<string, string?> overrides)
    {
        using var stream = typeof(CatalogueTests).Assembly.GetManifestResourceStream("appsettings.json")!;
        var options = new BillingOptions();
        new ConfigurationBuilder().AddJsonStream(stream).AddInMemoryCollection(overrides).Build().GetSection(BillingOptions.Section).Bind(options);
        return options;
    }
}
