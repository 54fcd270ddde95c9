using System.Net;
using Npgsql;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Api.Jobs;
using Onboarding.Api.Tests.Features.Billing;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>The end: looked for in the whole database, wherever that is.</summary>
public sealed class PurgeTests(ApiFixture fixture)
{
    [Fact] // SEC-7
    public async Task When_the_grace_has_ended_no_table_of_any_schema_names_the_organization_or_its_customer()
    {
        await using var stripe = await TestStripe.StartAsync();
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp, TestStripe.SettingsFor(stripe));
        app.StartServer();
        await using var second = new TestApp(app.Database, fixture.Smtp, TestStripe.SettingsFor(stripe));
        second.StartServer();
        await using var subscriber = await Subscriber.CreateAsync(app, stripe);
        await using var neighbour = await Subscriber.CreateAsync(app, stripe);
        var organization = subscriber.Organization;
        var tokens = await organization.TokensAsync("admin");

        // A trial that ended, with its invoices and callbacks; one that came early, and one that named two.
        var subscription = await subscriber.SubscribeAsync("trialing");
        await neighbour.SubscribeAsync();
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("premium");
        await stripe.CancelAsync(subscription);
        await subscriber.DeliverAsync();
        await subscriber.HasPlanAsync("free");
        await subscriber.SettledAsync();
        var customer = await subscriber.CustomerAsync();
        await subscriber.SharedAsync<int>($$"""
            INSERT INTO billing.callbacks (provider, event_id, type, customer_external_id, body, sha256, livemode, state, received_at, deliveries, anomalies)
            VALUES ('stripe', 'evt_early', 'customer.updated', '{{customer}}', '{"customer":"{{customer}}"}', '\x00', false, 'unmatched', now(), 1, 0),
              ('stripe', 'evt_two', 'customer.updated', 'cus_of_another', '{"organization":"{{organization.Organization.Id}}"}', '\x00', false, 'quarantined', now(), 1, 0) RETURNING 1
            """);
        await organization.LogoutAsync((await organization.TokensAsync("user")).Refresh());
        foreach (var node in new[] { app, second })
        {
            await (await organization.MeAsync(tokens.Access(), node)).OkAsync();
        }

        await app.Services.GetRequiredService<LeaveOrganization>().BeginAsync(organization.Organization.Key, Actor.System, CancellationToken.None);
        await organization.RegisterAsync("late"); // not served
        await subscriber.SharedAsync<int>($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), '{organization.Organization.Id}', 'event', gen_random_uuid(), now() + interval '1 hour', 0) RETURNING 1");
        string[] traces = [organization.Organization.Id, $"{organization.Organization.Key:N}", customer];
        var before = await FindAsync(app, traces);
        Assert.Superset(
            new HashSet<string>
            {
                "platform.organizations", "platform.work", "platform.revocations", "billing.customers", "billing.subscriptions", "billing.trials", "billing.checkouts", "billing.callbacks",
                "pg_namespace", "pg_roles",
            },
            before.ToHashSet());
        string[] others = [neighbour.Organization.Organization.Id, await neighbour.CustomerAsync()];
        var ofNeighbour = await FindAsync(app, others);

        // Not before its time.
        Assert.Equal(0, await app.Services.GetRequiredService<RemoveOrganization>().RunDueAsync(CancellationToken.None));
        Assert.Equal(before, await FindAsync(app, traces));
        await subscriber.SharedAsync<int>($"UPDATE platform.organizations SET purge_at = now() - interval '1 minute' WHERE id = '{organization.Organization.Id}' RETURNING 1");
        await Task.WhenAll(app.RunJobAsync<PurgeLeaving>(), second.RunJobAsync<PurgeLeaving>());

        Assert.Empty((await FindAsync(app, traces)).Except(["platform.audit_log"])); // the platform's own record
        Assert.Equal(ofNeighbour, await FindAsync(app, others));
        foreach (var node in new[] { app, second })
        {
            await Eventually.HoldsAsync(async () => (await organization.MeAsync(tokens.Access(), node)).StatusCode == HttpStatusCode.NotFound, "the node has forgotten it", Eventually.Soon);
            Assert.Null(await node.Services.GetRequiredService<CachedOrganizationStore>().GetAsync(organization.Organization.Id));
        }

        Assert.Equal(0, await app.Services.GetRequiredService<RemoveOrganization>().RunDueAsync(CancellationToken.None));
    }

    /// <summary>Which tables have a row that holds one of these, in any column of any type; with them, whether there is a schema or a role of the name.</summary>
    private static async Task<IReadOnlyList<string>> FindAsync(TestApp app, string[] traces)
    {
        var dataSource = app.Database.Owner;
        var tables = new List<string>();
        await using (var list = dataSource.CreateCommand("""
            SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' ORDER BY 1
            """))
        {
            await using var reader = await list.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                tables.Add(reader.GetString(0));
            }
        }

        tables.AddRange(["pg_namespace", "pg_roles"]);
        var union = string.Join(" UNION ALL ", tables.Select(table =>
            $"SELECT '{table}' WHERE EXISTS (SELECT FROM {table} AS r WHERE EXISTS (SELECT FROM unnest($1) AS trace WHERE strpos(r::text, trace) > 0))"));
        await using var find = dataSource.CreateCommand(union);
        find.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = traces });
        await using var found = await find.ExecuteReaderAsync();
        var result = new List<string>();
        while (await found.ReadAsync())
        {
            result.Add(found.GetString(0));
        }

        return result;
    }
}
