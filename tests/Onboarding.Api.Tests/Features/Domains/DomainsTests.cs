using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Domains;

/// <summary>An organization has a host of its own once it has shown that the domain is.</summary>
public sealed class DomainsTests(ApiFixture fixture)
{
    private readonly string domain = DomainSteps.NewDomain();

    private string Record => $"_onboarding.{domain}";

    [Fact] // SEC-2
    public async Task A_domain_is_nobodys_until_its_record_is_found_and_its_organizations_from_then_on()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var access = (await organization.TokensAsync("user")).Access();
        using var there = fixture.App.At(domain, access);
        Assert.Equal("tenant.not_found", await there.WhoseAsync());

        var added = await (await admin.AddDomainAsync(domain.ToUpperInvariant())).OkAsync(HttpStatusCode.Created);
        var (id, record) = (added.GetProperty("id").GetGuid(), added.GetProperty("record"));
        Assert.Equal((domain, Record, "TXT"), (added.GetProperty("domain").GetString(), record.GetProperty("name").GetString(), record.GetProperty("type").GetString()));
        var value = record.GetProperty("value").GetString()!;
        Assert.Matches("^onboarding-verification=[A-Za-z0-9_-]{43}$", value);

        var missing = await admin.VerifyDomainAsync(id);
        Assert.Equal("domain.not_verified", await missing.CodeAsync(HttpStatusCode.Conflict));
        var problem = await missing.JsonAsync();
        Assert.Equal((value, 0), (problem.GetProperty("record").GetProperty("value").GetString(), problem.GetProperty("found").GetArrayLength()));
        fixture.Dns.Set(Record, "v=spf1 -all", value[..^1]);
        var wrong = await admin.VerifyDomainAsync(id);
        Assert.Equal("domain.not_verified", await wrong.CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("v=spf1 -all", (await wrong.JsonAsync()).GetProperty("found")[0].GetString());
        Assert.Equal("tenant.not_found", await there.WhoseAsync());

        fixture.Dns.Set(Record, "v=spf1 -all", value);
        Assert.NotNull((await (await admin.VerifyDomainAsync(id)).OkAsync()).GetProperty("verified_at").GetString());
        await (await admin.VerifyDomainAsync(id)).OkAsync();
        Assert.Equal(organization.Identifier, await there.WhoseAsync());
        Assert.Equal(1, (await (await admin.GetAsync("/organization/domains")).OkAsync()).GetProperty("data").GetArrayLength());

        // SEC-48
        Assert.Equal(
            [$"organization.domain_added member {organization.AdminId} {domain}", $"organization.domain_verified member {organization.AdminId} {domain}"],
            await organization.QueryAsync<string>($"SELECT concat_ws(' ', action, actor_kind, actor_id, note) FROM audit_log WHERE subject_id = '{id}' AND ip_address IS NOT NULL AND request_id IS NOT NULL ORDER BY id"));
        Assert.Equal(2, await organization.CountAsync("outbox WHERE type LIKE 'organization.domain%'"));
    }

    [Fact] // SEC-1, SEC-2
    public async Task Tokens_are_good_on_both_hosts_of_their_organization_and_on_no_others()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using (var admin = await b.SignInAsync())
        {
            await admin.ProveDomainAsync(fixture.Dns, domain);
        }

        using var anonymous = fixture.App.At(domain);
        var login = await anonymous.PostAsJsonAsync("/login", new { username = "user", password = TestOrganization.Password });
        var fromDomain = (await login.OkAsync()).Access();
        Assert.Equal(b.Identifier, await fixture.App.At(domain, fromDomain).WhoseAsync());
        await (await b.MeAsync(fromDomain)).OkAsync();
        Assert.Equal("tenant.mismatch", await (await a.MeAsync(fromDomain)).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("tenant.mismatch", await fixture.App.At(domain, (await a.TokensAsync("admin")).Access()).WhoseAsync());
        using var adminA = await a.SignInAsync();
        var key = await adminA.CreateKeyAsync(Permissions.ReadMembers);
        using var foreign = fixture.App.At(domain);
        foreign.DefaultRequestHeaders.Add("X-Api-Key", key.Key);
        Assert.Equal("tenant.mismatch", await (await foreign.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));

        // A header never overrides a host, and neither does what only looks like one.
        using var named = fixture.App.At(domain, fromDomain);
        named.DefaultRequestHeaders.Add("X-Tenant", b.Identifier.ToUpperInvariant());
        Assert.Equal(b.Identifier, await named.WhoseAsync());
        named.DefaultRequestHeaders.Remove("X-Tenant");
        named.DefaultRequestHeaders.Add("X-Tenant", a.Identifier);
        Assert.Equal("tenant.ambiguous", await named.WhoseAsync());
        foreach (var host in new[] { $"x.{domain}", $"{domain}.localhost", $"{domain}.", domain[1..] })
        {
            Assert.Equal("tenant.not_found", await fixture.App.At(host, fromDomain).WhoseAsync());
        }

        Assert.Equal(b.Identifier, await fixture.App.At($"{domain.ToUpperInvariant()}:8080", fromDomain).WhoseAsync());
    }

    [Fact] // ONB-13
    public async Task Links_in_mails_lead_to_the_organizations_own_address_whatever_host_was_asked()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.ProveDomainAsync(fixture.Dns, domain);
        using var there = fixture.App.At(domain);
        var email = organization.EmailOf("user");
        await (await there.PostAsJsonAsync("/forgot-password", new { email })).OkAsync(HttpStatusCode.Accepted);
        Assert.Equal($"{organization.Identifier}.localhost", (await fixture.Smtp.WaitForAsync(email)).Link.Host);
    }

    [Fact] // SEC-2, SEC-3
    public async Task Who_asks_for_a_domain_keeps_nobody_from_it_and_only_the_proof_tells_that_it_is_taken()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var adminA = await a.SignInAsync();
        using var adminB = await b.SignInAsync();
        var (claim, value) = await adminA.ClaimAsync(domain);
        await adminB.ProveDomainAsync(fixture.Dns, domain);
        Assert.Equal("domain.not_verified", await (await adminA.VerifyDomainAsync(claim)).CodeAsync(HttpStatusCode.Conflict));
        fixture.Dns.Set(Record, value);
        Assert.Equal("domain.taken", await (await adminA.VerifyDomainAsync(claim)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("tenant.mismatch", await fixture.App.At(domain, (await a.TokensAsync("user")).Access()).WhoseAsync());
        Assert.Equal(0, await a.CountAsync("audit_log WHERE action = 'organization.domain_verified'"));

        // Another organization's is not there.
        Assert.Equal("domain.not_found", await (await adminB.VerifyDomainAsync(claim)).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal("domain.not_found", await (await adminB.DeleteAsync($"/organization/domains/{claim}")).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // SEC-24
    public async Task A_removed_domain_is_nobodys_on_every_node_and_can_be_had_by_another()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        await using var second = new TestApp(fixture.App.Database, fixture.Smtp);
        second.StartServer();
        using var admin = await a.SignInAsync();
        var id = await admin.ProveDomainAsync(fixture.Dns, domain);
        var access = (await a.TokensAsync("user")).Access();
        foreach (var node in new[] { fixture.App, second })
        {
            Assert.Equal(a.Identifier, await node.At(domain, access).WhoseAsync());
        }

        await (await admin.DeleteAsync($"/organization/domains/{id}")).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("tenant.not_found", await fixture.App.At(domain, access).WhoseAsync());
        await Eventually.HoldsAsync(async () => await second.At(domain, access).WhoseAsync() == "tenant.not_found", "the other node has heard", Eventually.Soon);
        Assert.Equal("domain.not_found", await (await admin.DeleteAsync($"/organization/domains/{id}")).CodeAsync(HttpStatusCode.NotFound));
        Assert.Equal(1, await a.CountAsync($"audit_log WHERE action = 'organization.domain_removed' AND note = '{domain}'"));

        using var successor = await b.SignInAsync();
        await successor.ProveDomainAsync(fixture.Dns, domain);
        Assert.Equal("tenant.mismatch", await fixture.App.At(domain, access).WhoseAsync());
        await Eventually.HoldsAsync(async () => await second.At(domain, access).WhoseAsync() == "tenant.mismatch", "the other node knows the successor", Eventually.Soon);
    }

    [Fact] // ONB-14
    public async Task A_domain_of_a_suspended_organization_answers_as_its_host_does()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.ProveDomainAsync(fixture.Dns, domain);
        await organization.QueryAsync<int>($"UPDATE platform.organizations SET status = 'suspended', changed_at = clock_timestamp() WHERE id = '{organization.Organization.Id}' RETURNING 1");
        await fixture.App.Services.GetRequiredService<ClusterSignals>().OrganizationChangedAsync(organization.Organization.Key, CancellationToken.None);
        using var there = fixture.App.At(domain);
        await Eventually.HoldsAsync(async () => await there.WhoseAsync() == "tenant.suspended", "it is suspended there too", Eventually.Soon);
    }

    [Fact]
    public async Task A_dns_in_trouble_says_nothing_about_the_record()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (id, value) = await admin.ClaimAsync(domain);
        fixture.Dns.Set(Record, null);
        var answer = await admin.VerifyDomainAsync(id);
        Assert.Equal("dns.unavailable", await answer.CodeAsync(HttpStatusCode.ServiceUnavailable));
        Assert.NotNull(answer.Headers.RetryAfter);
        fixture.Dns.Set(Record, value);
        await (await admin.VerifyDomainAsync(id)).OkAsync();

        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Dns:Servers:0"] = TestDns.Nowhere(), ["Dns:Timeout"] = "00:00:00.6" });
        app.StartServer();
        using var elsewhere = app.At($"{organization.Identifier}.localhost", (await organization.TokensAsync("admin")).Access());
        var (other, _) = await elsewhere.ClaimAsync($"other.{domain}");
        Assert.Equal("dns.unavailable", await (await elsewhere.VerifyDomainAsync(other)).CodeAsync(HttpStatusCode.ServiceUnavailable));
    }

    [Fact]
    public async Task Where_no_resolver_is_named_those_of_the_machine_are_asked()
    {
        // Whatever there is: one that answers, one that does not, or none.
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Dns:Timeout"] = "00:00:01" }, Faults.Nodes.WithoutJobs);
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        using var admin = await organization.SignInAsync();
        var answer = await admin.VerifyDomainAsync((await admin.ClaimAsync(domain)).Id);
        Assert.Equal(answer.StatusCode == HttpStatusCode.Conflict ? "domain.not_verified" : "dns.unavailable", await answer.CodeAsync(answer.StatusCode));
    }
}
