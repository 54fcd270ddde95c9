using Onboarding.Api.Jobs;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Domains;

/// <summary>A domain that changes hands does not stay with its former owner's organization; with a clock that the tests turn.</summary>
[Collection(ClockCollection.Name)]
public sealed class DomainsOverTimeTests(ClockedApp clocked, ApiFixture fixture)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly string domain = DomainSteps.NewDomain();

    private string Record => $"_onboarding.{domain}";

    [Fact] // SEC-2, SEC-48
    public async Task Without_its_record_a_domain_is_nobodys_after_seven_days_and_not_before()
    {
        var (a, b) = (await clocked.OrganizationAsync(), await clocked.OrganizationAsync());
        Guid id;
        using (var admin = await a.SignInAsync())
        {
            id = await admin.ProveDomainAsync(fixture.Dns, domain);
        }

        fixture.Dns.Set(Record);
        await RecheckAsync(Day);
        Assert.Equal("credentials.required", await clocked.App.At(domain).WhoseAsync());
        await RecheckAsync((7 * Day) - TimeSpan.FromSeconds(1));
        Assert.Equal("credentials.required", await clocked.App.At(domain).WhoseAsync());

        // A DNS in trouble is no missing record, however long it lasts.
        fixture.Dns.Set(Record, null);
        await RecheckAsync(30 * Day);
        Assert.Equal("credentials.required", await clocked.App.At(domain).WhoseAsync());

        fixture.Dns.Set(Record);
        await RecheckAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("tenant.not_found", await clocked.App.At(domain).WhoseAsync());
        Assert.Equal(["organization.domain_lapsed system"], await a.QueryAsync<string>($"SELECT concat_ws(' ', action, actor_kind) FROM audit_log WHERE subject_id = '{id}' AND action LIKE '%lapsed'"));

        // It is somebody else's to have; and the organization's again, should the record come back first.
        using var other = await b.SignInAsync();
        await other.ProveDomainAsync(fixture.Dns, domain);
        Assert.Equal("tenant.mismatch", await clocked.App.At(domain, (await a.TokensAsync("user")).Access()).WhoseAsync());
    }

    [Fact]
    public async Task A_record_that_comes_back_in_time_begins_anew()
    {
        var organization = await clocked.OrganizationAsync();
        string value;
        using (var admin = await organization.SignInAsync())
        {
            (var id, value) = await admin.ClaimAsync(domain);
            fixture.Dns.Set(Record, value);
            await (await admin.VerifyDomainAsync(id)).OkAsync();
        }

        foreach (var _ in new[] { 1, 2 })
        {
            fixture.Dns.Set(Record, "something else");
            await RecheckAsync(Day);
            Assert.True(await IsFailingAsync());
            fixture.Dns.Set(Record, value);
            await RecheckAsync(6 * Day);
            Assert.False(await IsFailingAsync());
        }

        Assert.Equal("credentials.required", await clocked.App.At(domain).WhoseAsync());

        async Task<bool> IsFailingAsync() => (await organization.QueryAsync<bool>($"SELECT failing_since IS NOT NULL FROM platform.domains WHERE domain = '{domain}'"))[0];
    }

    private async Task RecheckAsync(TimeSpan after)
    {
        await clocked.AdvanceAsync(after);
        await clocked.App.RunJobAsync<RecheckDomains>();
    }
}
