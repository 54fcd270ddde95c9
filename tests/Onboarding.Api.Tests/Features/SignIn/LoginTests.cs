using System.Buffers.Binary;
using System.Net;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignIn;

public sealed class LoginTests(ApiFixture fixture)
{
    [Fact]
    public async Task User_name_and_address_both_sign_in_in_any_case()
    {
        var organization = await fixture.OrganizationAsync();
        foreach (var name in new[] { "user", "USER", organization.EmailOf("user"), organization.EmailOf("User") })
        {
            var tokens = await organization.TokensAsync(name);
            Assert.Equal("Bearer", tokens.GetProperty("token_type").GetString());
            await (await organization.MeAsync(tokens.Access())).OkAsync();
        }
    }

    [Fact] // SEC-13
    public async Task Only_the_active_sign_in()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddPendingAsync("pending");
        await organization.AddApprovedAsync("approved");
        await organization.AddActiveAsync("shut-out", Roles.User);
        await organization.QueryAsync<int>("UPDATE members SET status = 'suspended' WHERE user_name = 'shut-out' RETURNING 1");
        foreach (var name in new[] { "pending", "approved", "shut-out", "nobody", "" })
        {
            var answer = await organization.TryLoginAsync(name.Length == 0 ? " " : name);
            Assert.Equal(name.Length == 0 ? HttpStatusCode.BadRequest : HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.Equal(0, await organization.CountAsync("sessions"));
        Assert.Equal(4, await organization.CountAsync("audit_log WHERE action = 'sign_in.failed'"));
    }

    [Fact] // SEC-18
    public async Task Passwords_are_stored_as_pbkdf2_with_hmac_sha512_and_210000_rounds_and_a_salt()
    {
        var organization = await fixture.OrganizationWithThoroughHashesAsync();
        foreach (var name in new[] { "ada", "bob" })
        {
            var (_, token) = await organization.AddApprovedAsync(name);
            await (await organization.SetPasswordAsync(token)).OkAsync(HttpStatusCode.NoContent);
        }

        var hashes = await organization.QueryAsync<string>("SELECT password_hash FROM members WHERE user_name IN ('ada', 'bob')");
        Assert.Equal(2, hashes.Distinct().Count());
        Assert.All(hashes, hash => Assert.Equal((1, 2u, true, true), Format(hash)));
    }

    [Fact] // SEC-18
    public async Task A_hash_of_fewer_rounds_is_replaced_at_the_next_sign_in_and_at_no_failed_one()
    {
        var organization = await fixture.OrganizationWithThoroughHashesAsync();
        var old = new PasswordHasher<Member>(Options.Create(new PasswordHasherOptions { IterationCount = 100_000 })).HashPassword(null!, TestOrganization.Password);
        await organization.QueryAsync<int>($"UPDATE members SET password_hash = '{old}' WHERE id = '{organization.UserId}' RETURNING 1");

        Assert.Equal("login.invalid", await (await organization.TryLoginAsync("user", "four loud herons at dusk")).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(old, await HashAsync());
        await organization.TokensAsync("user");
        var renewed = await HashAsync();
        Assert.Equal((1, 2u, true, true), Format(renewed));
        await organization.TokensAsync("user");
        Assert.Equal(renewed, await HashAsync());

        async Task<string> HashAsync() => Assert.Single(await organization.QueryAsync<string>($"SELECT password_hash FROM members WHERE id = '{organization.UserId}'"));
    }

    [Fact] // SEC-48
    public async Task Every_sign_in_good_or_bad_has_an_audit_line_with_the_address_it_came_from()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.TokensAsync("user");
        await organization.TryLoginAsync("user", "four loud herons at dusk");
        await organization.TryLoginAsync("nobody");

        Assert.Equal(
            [$"session.started|{organization.UserId}|{organization.UserId}|127.0.0.1", $"sign_in.failed||{organization.UserId}|127.0.0.1", "sign_in.failed|||127.0.0.1"],
            await organization.QueryAsync<string>("SELECT concat(action, '|', actor_id, '|', subject_id, '|', ip_address) FROM audit_log WHERE action IN ('session.started', 'sign_in.failed') ORDER BY occurred_at"));
    }

    [Theory] // SEC-19, SEC-24: the old password was good when it was checked, and is none any more when the session would start
    [InlineData("password_hash = 'another'")]
    [InlineData("status = 'suspended'")]
    public async Task What_happens_to_the_member_while_the_password_is_checked_stops_the_sign_in(string change)
    {
        var organization = await fixture.OrganizationAsync();
        await using var row = await RowLock.HoldAsync(organization, $"SELECT 1 FROM members WHERE id = '{organization.UserId}' FOR UPDATE");
        var signingIn = organization.TryLoginAsync("user");
        await row.WaitForWaitersAsync(1);

        await row.ReleaseAsync($"UPDATE members SET {change} WHERE id = '{organization.UserId}'");

        Assert.Equal("login.invalid", await (await signingIn).CodeAsync(HttpStatusCode.Unauthorized));
        Assert.Equal(0, await organization.CountAsync($"sessions WHERE member_id = '{organization.UserId}'"));
    }

    // Identity's version 3: marker 0x01, PRF, iterations, length of the salt, salt, subkey; big-endian.
    private static (int Marker, uint Prf, bool EnoughRounds, bool EnoughSalt) Format(string hash)
    {
        var bytes = Convert.FromBase64String(hash);
        return (bytes[0], BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(5)) >= 210_000, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(9)) >= 16);
    }
}
