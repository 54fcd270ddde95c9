using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>From provisioning to removal, killed, repeated and raced.</summary>
public sealed class LifeTests(IsolationFixture fixture)
{
    private ProvisionOrganization Provision => fixture.Services.GetRequiredService<ProvisionOrganization>();

    [Fact]
    public async Task Provisioning_twice_does_nothing_the_second_time()
    {
        var a = await fixture.OrganizationAsync();

        Assert.False(await Provision.RunAsync(a, CancellationToken.None));
        Assert.Equal(1, await fixture.InAsync(a, db => db.Members.CountAsync()));
    }

    [Fact]
    public async Task Of_several_that_provision_at_once_exactly_one_does()
    {
        var a = await fixture.RegisterAsync();

        var done = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Provision.RunAsync(a, CancellationToken.None))));

        Assert.Single(done, true);
        Assert.Equal(0, await fixture.InAsync(a, db => db.Members.CountAsync()));
    }

    [Fact]
    public async Task Different_organizations_can_be_provisioned_at_once()
    {
        var organizations = new List<Organization>();
        for (var i = 0; i < 8; i++)
        {
            organizations.Add(await fixture.RegisterAsync());
        }

        Assert.All(await Task.WhenAll(organizations.Select(o => Task.Run(() => Provision.RunAsync(o, CancellationToken.None)))), Assert.True);
    }

    // A script that breaks in the middle leaves nothing, and the next run finishes.
    [Fact]
    public async Task Provisioning_that_broke_off_is_finished_by_the_next_run()
    {
        var a = await fixture.RegisterAsync();
        var broken = new ProvisionOrganization(
            fixture.Services.GetRequiredService<OwnerDataSource>(),
            fixture.Services.GetRequiredService<TenantSchema>().With("SELECT 1 / 0;"),
            fixture.Services.GetRequiredService<ApplicationRole>());

        Assert.Equal("22012", (await Assert.ThrowsAsync<PostgresException>(() => broken.RunAsync(a, CancellationToken.None))).SqlState);
        Assert.Empty(await fixture.OwnerAsync<string>($"SELECT nspname::text FROM pg_namespace WHERE nspname = '{a.Schema}' UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname = '{a.Schema}'"));
        Assert.Equal(["provisioning"], await fixture.OwnerAsync<string>($"SELECT status FROM platform.organizations WHERE id = '{a.Key}'"));

        Assert.True(await Provision.RunAsync(a, CancellationToken.None));
        Assert.Equal(0, await fixture.InAsync(a, db => db.Members.CountAsync()));
    }

    // ONB-15
    [Fact]
    public async Task With_a_founder_to_come_it_has_its_schema_and_does_not_serve_yet()
    {
        var a = await fixture.RegisterAsync();
        await fixture.OwnerAsync<int>($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{a.Key}', 'found', gen_random_uuid(), 'infinity', 0) RETURNING 1");

        Assert.True(await Provision.RunAsync(a, CancellationToken.None));
        Assert.False(await Provision.RunAsync(a, CancellationToken.None));
        Assert.Equal(["provisioning"], await fixture.OwnerAsync<string>($"SELECT status FROM platform.organizations WHERE id = '{a.Key}' AND schema_version > 0"));
        Assert.Equal(0, await fixture.InAsync(a, db => db.Members.CountAsync()));
    }

    // SEC-7
    [Fact]
    public async Task A_removed_organization_leaves_nothing_and_its_neighbour_everything()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        foreach (var organization in new[] { a, b })
        {
            await using var platform = await fixture.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync();
            platform.Revocations.Add(Revocation.Of(organization.Key, organization.Key, DateTimeOffset.UnixEpoch));
            await platform.SaveChangesAsync();
            Assert.Equal(5, (await TracesAsync(organization)).Count);
        }

        await fixture.Services.GetRequiredService<RemoveOrganization>().RunAsync(a.Key, Actor.System, CancellationToken.None);

        Assert.Empty(await TracesAsync(a));
        Assert.Equal(5, (await TracesAsync(b)).Count);
        Assert.Null(await fixture.Services.GetRequiredService<CachedOrganizationStore>().GetByIdentifierAsync(a.Identifier));

        // A job that still holds the organization gets nowhere.
        var late = await Record.ExceptionAsync(() => fixture.InAsync(a, db => db.Members.CountAsync()));
        Assert.Equal("22023", Assert.IsType<PostgresException>(late).SqlState);
    }

    // Adversarial isolation test 6, SEC-6
    [Fact]
    public async Task The_same_ids_and_addresses_in_two_organizations_stay_two_people()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var id = await fixture.InAsync(a, db => db.Members.Select(m => m.Id).SingleAsync());
        await fixture.OwnerAsync<string>($"UPDATE {b.Schema}.members SET id = '{id}'");

        // Warm as A, then read and change as B.
        Assert.Equal(a.Identifier, (await FindAsync(a)).UserName);
        Assert.Equal(b.Identifier, (await FindAsync(b)).UserName);
        await fixture.InAsync(b, db => db.Members.Where(m => m.Id == id).ExecuteUpdateAsync(set => set.SetProperty(m => m.FullName, "Of B")));
        Assert.Equal(1, await fixture.InAsync(b, db => db.Members.Where(m => m.NormalizedEmail == Member.Normalize("same@example.test")).ExecuteDeleteAsync()));

        Assert.Equal("Same name", (await FindAsync(a)).FullName);
        Assert.Equal(0, await fixture.InAsync(b, db => db.Members.CountAsync()));

        Task<Member> FindAsync(Organization organization) => fixture.InAsync(organization, async db => (await db.Members.FindAsync(id))!);
    }

    private Task<IReadOnlyList<string>> TracesAsync(Organization organization) => fixture.OwnerAsync<string>($"""
        SELECT 'queue' FROM platform.work WHERE organization_id = '{organization.Key}'
        UNION SELECT 'revocation' FROM platform.revocations WHERE organization_id = '{organization.Key}'
        UNION SELECT 'schema' FROM pg_namespace WHERE nspname = '{organization.Schema}'
        UNION SELECT 'role' FROM pg_roles WHERE rolname = '{organization.Schema}'
        UNION SELECT 'catalogue' FROM platform.organizations WHERE id = '{organization.Key}'
        """);
}
