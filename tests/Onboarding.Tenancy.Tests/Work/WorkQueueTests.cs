using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Tests.Isolation;
using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Tests.Work;

public sealed class WorkQueueTests(IsolationFixture fixture)
{
    // Whatever plan PostgreSQL chooses: as a nested loop a sub-select with a limit runs once for each row of the table.
    [Theory]
    [InlineData("")]
    [InlineData("-c enable_hashjoin=off -c enable_mergejoin=off -c enable_hashagg=off -c enable_sort=off -c enable_material=off")]
    public async Task No_more_is_claimed_than_was_asked_for(string planner)
    {
        var kind = $"limit {planner.Length}";
        await fixture.OwnerAsync<long>($"""
            WITH made AS (
              INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
              SELECT gen_random_uuid(), gen_random_uuid(), '{kind}', gen_random_uuid(), now() - interval '1 minute', 0 FROM generate_series(1, 100) RETURNING 1)
            SELECT count(*) FROM made
            """);
        await using var services = fixture.Build(new NpgsqlConnectionStringBuilder(fixture.Database.ApplicationConnectionString) { Options = planner }.ConnectionString);
        var queue = services.GetRequiredService<WorkQueue>();

        var seen = new HashSet<Guid>();
        foreach (var expected in new[] { 64, 36, 0 })
        {
            var claimed = await queue.ClaimAsync(kind, 64, TimeSpan.FromMinutes(1), CancellationToken.None);
            Assert.Equal(expected, claimed.Count);
            Assert.All(claimed, work => Assert.True(seen.Add(work.Id)));
        }
    }

    [Fact]
    public async Task What_is_given_back_is_due_again_unless_another_worker_has_it()
    {
        await fixture.OwnerAsync<long>("""
            WITH made AS (
              INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt)
              SELECT gen_random_uuid(), gen_random_uuid(), 'given back', gen_random_uuid(), now() - interval '1 minute', 0 FROM generate_series(1, 3) RETURNING 1)
            SELECT count(*) FROM made
            """);
        await using var services = fixture.Build(fixture.Database.ApplicationConnectionString);
        var queue = services.GetRequiredService<WorkQueue>();
        var mine = await queue.ClaimAsync("given back", 3, TimeSpan.FromMinutes(1), CancellationToken.None);
        var lost = mine[0] with { ClaimId = Guid.Empty };

        Assert.Equal(2, await queue.RetryAsync([lost, mine[1], mine[2]], TimeSpan.Zero, CancellationToken.None));

        var again = await queue.ClaimAsync("given back", 3, TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.Equal(mine.Skip(1).Select(work => work.Id).Order(), again.Select(work => work.Id).Order());
    }

    // What waits for its organization has not been tried: it is not given up for that, nor made to wait longer.
    [Fact]
    public async Task What_is_put_off_is_no_attempt()
    {
        await fixture.OwnerAsync<int>("INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) VALUES (gen_random_uuid(), gen_random_uuid(), 'put off', gen_random_uuid(), now() - interval '1 minute', 0) RETURNING 1");
        await using var services = fixture.Build(fixture.Database.ApplicationConnectionString);
        var queue = services.GetRequiredService<WorkQueue>();
        var first = Assert.Single(await queue.ClaimAsync("put off", 1, TimeSpan.FromMinutes(1), CancellationToken.None));
        Assert.True(await queue.PutOffAsync(first, TimeSpan.Zero, CancellationToken.None));
        Assert.False(await queue.PutOffAsync(first, TimeSpan.Zero, CancellationToken.None));

        var second = Assert.Single(await queue.ClaimAsync("put off", 1, TimeSpan.FromMinutes(1), CancellationToken.None));
        Assert.True(await queue.RetryAsync(second, TimeSpan.Zero, CancellationToken.None));
        var third = Assert.Single(await queue.ClaimAsync("put off", 1, TimeSpan.FromMinutes(1), CancellationToken.None));
        Assert.Equal((1, 1, 2), (first.Attempt, second.Attempt, third.Attempt));
    }
}
