using System.Collections.Concurrent;

namespace Onboarding.Tenancy.Tests;

/// <summary>RFC 9562, version 7.</summary>
public sealed class IdsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    [Fact]
    public void An_id_carries_its_time_version_and_variant()
    {
        var text = Ids.New(Now).ToString("N");

        Assert.Equal(Now.ToUnixTimeMilliseconds(), Convert.ToInt64(text[..12], 16));
        Assert.Equal('7', text[12]);
        Assert.Contains(text[16], "89ab");
    }

    [Fact] // HOOK-20
    public void Ids_of_one_moment_are_in_the_order_in_which_they_were_made()
    {
        var moment = Now + TimeSpan.FromHours(1);
        var ids = Enumerable.Range(0, 4_000).Select(_ =>
        {
            Ids.New(moment + TimeSpan.FromMilliseconds(1)); // somebody whose clock is a little ahead
            return Ids.New(moment).ToString("N");
        }).ToList();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.True(string.CompareOrdinal(Ids.New(moment + TimeSpan.FromMilliseconds(1)).ToString("N"), ids[^1]) > 0);
    }

    [Fact]
    public void A_moment_with_more_ids_than_it_can_count_runs_over_into_the_next()
    {
        var moment = Now + TimeSpan.FromHours(2);
        var ids = Enumerable.Range(0, 10_000).Select(_ => Ids.New(moment)).ToList();

        Assert.Equal(10_000, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Equal('7', id.ToString("N")[12]));
        Assert.All(ids, id => Assert.InRange(Convert.ToInt64(id.ToString("N")[..12], 16) - moment.ToUnixTimeMilliseconds(), 0, 3));
    }

    [Fact]
    public void Ids_made_at_once_and_by_clocks_that_jump_are_different()
    {
        var ids = new ConcurrentBag<Guid>();
        Parallel.For(0, 20_000, n => ids.Add(Ids.New(Now + TimeSpan.FromMilliseconds(n % 3))));

        Assert.Equal(20_000, ids.Distinct().Count());
    }
}
