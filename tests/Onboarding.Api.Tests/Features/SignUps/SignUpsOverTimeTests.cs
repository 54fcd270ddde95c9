using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Jobs;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignUps;

/// <summary>How long a sign-up and its code are good, with a clock that the tests turn.</summary>
[Collection(ClockCollection.Name)]
public sealed class SignUpsOverTimeTests(ClockedApp clocked) : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly HttpClient bare = clocked.App.ClientFor(null);
    private readonly string identifier = SignUpSteps.NewIdentifier();

    private string Email => $"ada@{identifier}.test";

    public void Dispose() => bare.Dispose();

    [Fact] // SEC-8
    public async Task A_code_is_good_for_ten_minutes_before_and_after_it_was_used()
    {
        var code = await bare.CodeForAsync(clocked.App.Smtp, identifier, Email);
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal("otp.invalid", await (await bare.VerifyAsync(identifier, Email, code)).CodeAsync(HttpStatusCode.BadRequest));

        code = await bare.CodeForAsync(clocked.App.Smtp, identifier, Email);
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(9));
        await (await bare.VerifyAsync(identifier, Email, code)).OkAsync();
        await clocked.App.Smtp.WaitForAsync(Email, mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal));
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(1) - Second);
        await (await bare.VerifyAsync(identifier, Email, code)).OkAsync();
        await clocked.AdvanceAsync(Second);
        Assert.Equal("otp.invalid", await (await bare.VerifyAsync(identifier, Email, code)).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Fact] // ONB-17
    public async Task A_sign_up_is_forgotten_after_a_day_unless_its_organization_has_yet_to_be_set_up()
    {
        await bare.CodeForAsync(clocked.App.Smtp, identifier, Email);
        var waiting = SignUpSteps.NewIdentifier();
        await bare.CodeForAsync(clocked.App.Smtp, waiting, Email);
        var database = clocked.App.Database;

        // A node without the owner's login has registered this one.
        await clocked.AdvanceAsync(TimeSpan.FromHours(24));
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal(2, await CountAsync());
        await clocked.AdvanceAsync(Second);
        await database.QueryAsync<int>($"INSERT INTO platform.work (id, organization_id, kind, ref_id, due_at, attempt) SELECT gen_random_uuid(), gen_random_uuid(), 'found', id, 'infinity', 0 FROM platform.sign_ups WHERE identifier = '{waiting}' RETURNING 1");
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal([waiting], await database.QueryAsync<string>($"SELECT identifier FROM platform.sign_ups WHERE email = '{Email}'"));
        await database.QueryAsync<int>("DELETE FROM platform.work WHERE kind = 'found' RETURNING 1");

        await bare.CodeForAsync(clocked.App.Smtp, identifier, Email);

        async Task<long> CountAsync() => (await database.QueryAsync<long>($"SELECT count(*) FROM platform.sign_ups WHERE email = '{Email}'"))[0];
    }

    [Fact] // ONB-12, ONB-15
    public async Task A_founder_whose_link_has_lapsed_gets_another_one_though_nobody_is_there_to_send_it()
    {
        var code = await bare.CodeForAsync(clocked.App.Smtp, identifier, Email);
        await (await bare.VerifyAsync(identifier, Email, code)).OkAsync();
        var first = await clocked.App.Smtp.WaitForAsync(Email, IsLink);
        await clocked.AdvanceAsync(TimeSpan.FromHours(72));
        using var host = clocked.App.ClientFor(identifier);
        Assert.Equal("link.invalid", await (await host.PostAsJsonAsync($"/set-password/{first.Token()}", new { password = TestOrganization.Password })).CodeAsync(HttpStatusCode.NotFound));

        await (await host.PostAsJsonAsync("/forgot-password", new { email = Email })).OkAsync(HttpStatusCode.Accepted);
        var second = await clocked.App.Smtp.WaitForAsync(Email, mail => IsLink(mail) && mail.Token() != first.Token());
        await (await host.PostAsJsonAsync($"/set-password/{second.Token()}", new { password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);
        await (await host.PostAsJsonAsync("/login", new { username = "ada", password = TestOrganization.Password })).OkAsync();

        static bool IsLink(ReceivedEmail mail) => mail.Text.Contains("/set-password/", StringComparison.Ordinal);
    }

    [Fact] // SEC-8
    public async Task A_code_that_nobody_can_use_any_more_is_not_sent()
    {
        // Queued as if the mail server had been away for ten minutes.
        await bare.CodeForAsync(clocked.App.Smtp, identifier, Email);
        var database = clocked.App.Database;
        await database.QueryAsync<int>($"INSERT INTO platform.emails (id, about_id, template, content, created_at, expires_at, due_at, attempt) SELECT gen_random_uuid(), id, 'organization_code', 'x', created_at, code_expires_at - interval '10 minutes', created_at, 0 FROM platform.sign_ups WHERE identifier = '{identifier}' RETURNING 1");
        await Eventually.HoldsAsync(async () => (await database.QueryAsync<long>("SELECT count(*) FROM platform.emails"))[0] == 0, "it is given up");
        Assert.Single(clocked.App.Smtp.For(Email));
    }
}
