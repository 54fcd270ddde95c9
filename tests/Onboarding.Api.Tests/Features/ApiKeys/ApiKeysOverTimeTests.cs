using System.Net.Http.Json;
using Onboarding.Api.Jobs;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.ApiKeys;

[Collection(ClockCollection.Name)]
public sealed class ApiKeysOverTimeTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact] // SEC-34
    public async Task A_key_is_good_until_it_expires_to_the_second_and_again_when_its_time_is_prolonged()
    {
        var organization = await clocked.OrganizationAsync();
        var expiry = clocked.Clock.GetUtcNow().AddHours(1);
        IssuedKey key;
        using (var admin = await organization.SignInAsync())
        {
            key = await admin.CreateKeyAsync(new { name = "Hour", scopes = new[] { Permissions.ReadMembers }, expires_at = expiry });
        }

        await clocked.AdvanceAsync(TimeSpan.FromHours(1) - Second);
        await organization.RequireGoodAsync(key);
        await clocked.AdvanceAsync(Second);
        await organization.RequireBadAsync(key);

        using var later = await organization.SignInAsync();
        Assert.Equal("expired", (await (await later.GetAsync($"/api-keys/{key.Id}")).OkAsync()).GetProperty("status").GetString());
        await (await later.PatchAsJsonAsync($"/api-keys/{key.Id}", new { expires_at = expiry.AddHours(1) })).OkAsync();
        await organization.RequireGoodAsync(key);
    }

    [Fact]
    public async Task A_rotated_secret_works_for_the_overlap_and_not_a_second_longer()
    {
        var organization = await clocked.OrganizationAsync();
        IssuedKey before, after;
        using (var admin = await organization.SignInAsync())
        {
            before = await admin.CreateKeyAsync(Permissions.ReadMembers);
            after = await admin.RotateKeyAsync(before.Id, overlapMinutes: 10);
        }

        await clocked.AdvanceAsync(TimeSpan.FromMinutes(10) - Second);
        await organization.RequireGoodAsync(before);
        await organization.RequireGoodAsync(after);
        await clocked.AdvanceAsync(Second);
        await organization.RequireBadAsync(before);
        await organization.RequireGoodAsync(after);
    }

    [Fact]
    public async Task Keys_that_ended_long_ago_are_dropped_with_their_usage_and_good_ones_stay()
    {
        var organization = await clocked.OrganizationAsync();
        using (var admin = await organization.SignInAsync())
        {
            var revoked = await admin.CreateKeyAsync(Permissions.ReadMembers);
            await admin.CreateKeyAsync(new { name = "Long", scopes = new[] { Permissions.ReadMembers }, expires_at = clocked.Clock.GetUtcNow().AddDays(4_000) });
            await (await admin.DeleteAsync($"/api-keys/{revoked.Id}")).OkAsync(System.Net.HttpStatusCode.NoContent);
            await organization.QueryAsync<int>($"INSERT INTO api_key_usage SELECT id, '{clocked.Clock.GetUtcNow():yyyy-MM-dd}', 1, 0 FROM api_keys RETURNING 1");
        }

        await clocked.AdvanceAsync(TimeSpan.FromDays(399));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal((2, 2), (await organization.CountAsync("api_keys"), await organization.CountAsync("api_key_usage")));
        await clocked.AdvanceAsync(TimeSpan.FromDays(2));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal((1, 0), (await organization.CountAsync("api_keys"), await organization.CountAsync("api_key_usage")));
    }
}
