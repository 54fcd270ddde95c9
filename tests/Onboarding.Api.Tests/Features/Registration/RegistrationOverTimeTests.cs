using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Registration;

[Collection(ClockCollection.Name)]
public sealed class RegistrationOverTimeTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact] // ONB-4
    public async Task After_a_rejection_the_address_has_to_wait_a_day_and_the_queue_then_tells_the_history()
    {
        var organization = await clocked.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var rejected = await organization.RegisterAndVerifyAsync("ada");
        using (var admin = await organization.SignInAsync())
        {
            await (await admin.PostAsJsonAsync($"/members/{rejected}/reject", new { reason = "Unknown here" })).OkAsync();
        }

        await clocked.AdvanceAsync(TimeSpan.FromHours(24) - Second);
        Assert.Equal(HttpStatusCode.Accepted, (await organization.RegisterAsync("ada")).StatusCode);
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = '{email}'"));
        Assert.Equal(1, await organization.CountAsync($"audit_log WHERE action = 'member.registration_refused' AND subject_id = '{rejected}'"));

        await clocked.AdvanceAsync(Second);
        var mail = await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"));
        await (await organization.VerifyAsync(email, mail.Code)).OkAsync();
        using var later = await organization.SignInAsync();
        var waiting = (await (await later.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data")[0];
        Assert.NotEqual(rejected, waiting.GetProperty("id").GetGuid());
        var earlier = Assert.Single(waiting.GetProperty("earlier").EnumerateArray());
        Assert.Equal((rejected, "rejected", "Unknown here"), (earlier.GetProperty("id").GetGuid(), earlier.GetProperty("status").GetString(), earlier.GetProperty("reason").GetString()));
    }

    [Fact] // ONB-4
    public async Task Who_was_blocked_stays_out_for_good_and_hears_the_same_as_everybody()
    {
        var organization = await clocked.OrganizationAsync();
        var email = organization.EmailOf("eve");
        var id = await organization.RegisterAndVerifyAsync("eve");
        using var admin = await organization.SignInAsync();
        await (await admin.PostAsJsonAsync($"/members/{id}/reject", new { reason = "Spam", block = true })).OkAsync();

        await clocked.AdvanceAsync(TimeSpan.FromDays(400));
        var answer = await (await organization.RegisterAsync("eve")).OkAsync(HttpStatusCode.Accepted);
        Assert.Equal("verification_sent", answer.GetProperty("status").GetString());
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = '{email}' AND status = 'blocked'"));
        Assert.Equal(1, await organization.CountAsync($"members WHERE email = '{email}'"));
    }

    [Fact] // SEC-8
    public async Task A_code_is_good_for_ten_minutes_and_not_longer()
    {
        var organization = await clocked.OrganizationAsync();
        var (early, late) = (organization.EmailOf("early"), organization.EmailOf("late"));
        var earlyCode = (await organization.MailOfAsync(early, () => organization.RegisterAsync("early"))).Code;
        var lateCode = (await organization.MailOfAsync(late, () => organization.RegisterAsync("late"))).Code;

        await clocked.AdvanceAsync(TimeSpan.FromMinutes(10) - Second);
        await (await organization.VerifyAsync(early, earlyCode)).OkAsync();
        await clocked.AdvanceAsync(Second);
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(late, lateCode)).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Fact] // ONB-13
    public async Task A_link_is_good_for_72_hours_and_not_longer()
    {
        var organization = await clocked.OrganizationAsync();
        var (_, early) = await organization.AddApprovedAsync("early");
        var (_, late) = await organization.AddApprovedAsync("late");

        await clocked.AdvanceAsync(TimeSpan.FromHours(72) - Second);
        await (await organization.SetPasswordAsync(early)).OkAsync(HttpStatusCode.NoContent);
        await clocked.AdvanceAsync(Second);
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(late)).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // ONB-17
    public async Task The_queue_tells_how_long_people_wait_and_starts_with_who_waits_longest()
    {
        var organization = await clocked.OrganizationAsync();
        await organization.AddPendingAsync("first");
        await clocked.AdvanceAsync(TimeSpan.FromHours(2));
        await organization.AddPendingAsync("second");
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(1));

        using var admin = await organization.SignInAsync();
        var queue = (await (await admin.GetAsync("/admin-dashboard")).OkAsync()).GetProperty("data").EnumerateArray()
            .Select(m => (m.GetProperty("username").GetString(), m.GetProperty("waiting_seconds").GetInt64())).ToArray();
        Assert.Equal([("first", 7260), ("second", 60)], queue);
        var newest = (await (await admin.GetAsync("/admin-dashboard?sort=newest&limit=1")).OkAsync()).GetProperty("data")[0];
        Assert.Equal("second", newest.GetProperty("username").GetString());
    }
}
