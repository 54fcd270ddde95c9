using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Domains;

/// <summary>Which domains an organization may ask for, and how many.</summary>
public sealed class DomainRulesTests(ApiFixture fixture)
{
    private readonly string domain = DomainSteps.NewDomain();

    [Theory]
    [InlineData("localhost", "domain.invalid")]
    [InlineData("acme.localhost", "domain.invalid")]
    [InlineData("example", "domain.invalid")]
    [InlineData("192.0.2.1", "domain.invalid")]
    [InlineData("[2001:db8::1]", "domain.invalid")]
    [InlineData("app.example.com:443", "domain.invalid")]
    [InlineData("app.example.com.", "domain.invalid")]
    [InlineData("https://app.example.com", "domain.invalid")]
    [InlineData("*.example.com", "domain.invalid")]
    [InlineData("a b.example.com", "domain.invalid")]
    [InlineData("_dmarc.example.com", "domain.invalid")]
    [InlineData("co.uk", "domain.public")]
    [InlineData("GitHub.io", "domain.public")]
    public async Task What_is_no_domain_of_ones_own_is_refused(string wanted, string code)
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        Assert.Equal(code, await (await admin.AddDomainAsync(wanted)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(0, await organization.CountAsync("outbox WHERE type LIKE 'organization.domain%'"));
    }

    [Fact]
    public async Task A_domain_outside_ascii_is_kept_and_found_in_ascii()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var added = await (await admin.AddDomainAsync($"b\u00FCcher.{domain}")).OkAsync(HttpStatusCode.Created);
        Assert.Equal($"xn--bcher-kva.{domain}", added.GetProperty("domain").GetString());
    }

    [Fact] // SEC-50
    public async Task An_organization_has_ten_at_most_however_many_it_asks_for_at_once()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.ClaimAsync(domain);
        Assert.Equal("domain.exists", await (await admin.AddDomainAsync(domain)).CodeAsync(HttpStatusCode.Conflict));
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => admin.AddDomainAsync($"h{i}.{domain}")));
        Assert.Equal(9, answers.Count(HttpStatusCode.Created));
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.Conflict);
        Assert.Equal("quota.domains", await refused.CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(10, (await refused.JsonAsync()).GetProperty("limit").GetInt32());
        Assert.Equal(10, await organization.CountAsync($"platform.domains WHERE organization_id = '{organization.Organization.Id}'"));
        Assert.Equal(10, await organization.CountAsync("audit_log WHERE action = 'organization.domain_added'"));
    }

    [Fact] // BILL-22
    public async Task A_plan_without_domains_adds_none_and_keeps_those_that_are_there()
    {
        var organization = await TestOrganization.CreateAsync(fixture.App, plan: "free");
        using var admin = await organization.SignInAsync();
        Assert.Equal("feature.not_in_plan", await (await admin.AddDomainAsync(domain)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal(0, (await (await admin.GetAsync("/organization/domains")).OkAsync()).GetProperty("data").GetArrayLength());

        // Nor does it make a host of one that was asked for on a larger plan.
        var larger = await fixture.OrganizationAsync();
        using var former = await larger.SignInAsync();
        var claimed = await former.ClaimAsync(domain);
        await larger.QueryAsync<int>($"UPDATE platform.organizations SET plan = 'free', changed_at = clock_timestamp() WHERE id = '{larger.Organization.Id}' RETURNING 1");
        await Eventually.HoldsAsync(
            async () => await former.VerifyDomainAsync(claimed.Id) is var answer
                && answer.StatusCode == HttpStatusCode.Forbidden && await answer.CodeAsync(HttpStatusCode.Forbidden) == "feature.not_in_plan",
            "the plan is known");
        using var user = await organization.SignInAsync("user");
        Assert.Equal("permission.denied", await (await user.GetAsync("/organization/domains")).CodeAsync(HttpStatusCode.Forbidden));
    }
}
