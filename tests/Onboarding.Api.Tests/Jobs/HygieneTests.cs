using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Jobs;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Jobs;

/// <summary>What the cluster does once a day, with a clock that the tests turn (ONB-17).</summary>
[Collection(ClockCollection.Name)]
public sealed class HygieneTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact] // ONB-17
    public async Task A_registration_that_nobody_proves_expires_after_seven_days_and_its_address_is_free_again()
    {
        var organization = await clocked.OrganizationAsync();
        var email = organization.EmailOf("ada");
        await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"));
        await organization.AddPendingAsync("grace");
        var ada = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM members WHERE user_name = 'ada'"));

        await clocked.AdvanceAsync((7 * Day) - Second);
        await clocked.App.RunJobAsync<ExpireRegistrations>();
        Assert.Equal(["pending_verification"], await StatusesAsync("ada"));

        // A new code is a new start for the code and none for the registration.
        var code = (await organization.MailOfAsync(email, () => organization.ResendAsync(email))).Code;
        await clocked.AdvanceAsync(2 * Second);
        await clocked.App.RunJobAsync<ExpireRegistrations>();
        Assert.Equal(["expired"], await StatusesAsync("ada"));
        Assert.Equal(["pending_approval"], await StatusesAsync("grace"));
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, code)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(["system"], await organization.QueryAsync<string>($"SELECT actor_kind FROM audit_log WHERE action = 'member.expired' AND subject_id = '{ada}'"));

        Assert.Equal("pending_approval", await organization.ProveAsync("ada", email));
        Assert.Equal(["expired", "pending_approval"], await StatusesAsync("ada"));

        Task<IReadOnlyList<string>> StatusesAsync(string name) => organization.QueryAsync<string>($"SELECT status FROM members WHERE user_name = '{name}' ORDER BY status");
    }

    [Fact] // ONB-17
    public async Task Who_was_turned_down_never_came_or_left_is_forgotten_after_ninety_days_and_nobody_else()
    {
        var organization = await clocked.OrganizationAsync();
        using (var admin = await organization.SignInAsync())
        {
            foreach (var name in new[] { "rejected", "blocked" })
            {
                var id = await organization.AddPendingAsync(name);
                await (await admin.PostAsJsonAsync($"/members/{id}/reject", new { reason = "Unknown", block = name == "blocked" })).OkAsync();
            }

            await organization.TokensAsync("user");
            await (await admin.DeleteAsync($"/members/{organization.UserId}")).OkAsync(HttpStatusCode.NoContent);
            await organization.AddPendingAsync("waiting");
            await organization.AddApprovedAsync("approved");
            await organization.InviteAsync(admin, organization.EmailOf("invited"));
            await organization.RegisterAsync("unproven");
        }

        var lines = await organization.CountAsync("audit_log");
        await clocked.AdvanceAsync((90 * Day) - Second);
        await clocked.App.RunJobAsync<ExpireRegistrations>();
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal(["admin", "approved", "blocked", "rejected", "unproven", "user", "waiting"], await NamesAsync());

        await clocked.AdvanceAsync(2 * Second);
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal(["admin", "approved", "blocked", "unproven", "waiting"], await NamesAsync());
        Assert.Equal(1, await organization.CountAsync("invitations"));

        // A registration expires after seven days, and is kept for ninety from then on; so is an invitation.
        await clocked.AdvanceAsync(7 * Day);
        await clocked.App.RunJobAsync<PurgeExpired>();
        Assert.Equal(["admin", "approved", "blocked", "waiting"], await NamesAsync());
        Assert.Equal(0, await organization.CountAsync("invitations"));

        // What belonged to them went with them; the audit log stays.
        Assert.Equal(0, await organization.CountAsync("sessions WHERE member_id NOT IN (SELECT id FROM members)"));
        Assert.Equal(0, await organization.CountAsync("emails"));
        Assert.True(await organization.CountAsync("audit_log") >= lines);

        Task<IReadOnlyList<string>> NamesAsync() => organization.QueryAsync<string>("SELECT user_name FROM members ORDER BY user_name");
    }

    [Fact] // ONB-17
    public async Task Everybody_who_may_decide_is_reminded_once_a_day_of_people_who_have_waited_for_longer_than_one()
    {
        var organization = await clocked.OrganizationAsync();
        using (var admin = await organization.SignInAsync())
        {
            await admin.DefineRoleAsync("recruiter", Permissions.ApproveMembers);
            await admin.DefineRoleAsync("reader", Permissions.ReadMembers);
            await organization.AddActiveAsync("recruiter", "recruiter");
            await organization.AddActiveAsync("reader", "reader");
            var suspended = await organization.AddActiveAsync("suspended", Roles.Admin);
            await (await admin.PostAsJsonAsync($"/members/{suspended}/suspend", new { })).OkAsync();
            await organization.SettledAsync();
        }

        string[] everybody = ["admin", "recruiter", "reader", "suspended", "user"];
        var before = everybody.ToDictionary(name => name, name => MailsTo(name).Count);
        for (var i = 0; i < 12; i++)
        {
            await organization.AddPendingAsync($"person{i:00}");
        }

        await clocked.AdvanceAsync(Day);
        Assert.Equal("0 0 0 0 0", await RemindAsync());

        await clocked.AdvanceAsync(Second);
        await organization.AddPendingAsync("late");
        Assert.Equal("1 1 0 0 0", await RemindAsync());
        var mail = MailsTo("recruiter")[^1];
        Assert.Contains("12 people are waiting", mail.Subject, StringComparison.Ordinal);
        Assert.Contains("- Full person00, for 1 day\n", mail.Text, StringComparison.Ordinal);
        Assert.Contains("- and 2 more\n", mail.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("late", mail.Text, StringComparison.Ordinal);

        // However often it runs on one day.
        await clocked.App.RunJobAsync<RemindOfWaiting>();
        Assert.Equal("1 1 0 0 0", await RemindAsync());
        await clocked.AdvanceAsync(Day + Second);
        Assert.Equal("2 2 0 0 0", await RemindAsync());
        Assert.Contains("13 people are waiting", MailsTo("admin")[^1].Subject, StringComparison.Ordinal);

        // Nobody waits any more, so nobody is reminded.
        using (var recruiter = await organization.SignInAsync("recruiter"))
        {
            var ids = (await Paged.AllAsync(recruiter, "/admin-dashboard", 100)).Select(m => m.GetProperty("id").GetGuid());
            await (await recruiter.PatchAsJsonAsync("/admin-dashboard", new { ids, action = "reject" })).OkAsync();
        }

        await clocked.AdvanceAsync(Day);
        Assert.Equal("2 2 0 0 0", await RemindAsync());

        async Task<string> RemindAsync()
        {
            await clocked.App.RunJobAsync<RemindOfWaiting>();
            await organization.SettledAsync();
            return string.Join(' ', everybody.Select(name => MailsTo(name).Count - before[name]));
        }

        IReadOnlyList<ReceivedEmail> MailsTo(string name) => clocked.App.Smtp.For(organization.EmailOf(name));
    }

    [Fact]
    public async Task An_organization_in_which_a_job_fails_stops_no_other()
    {
        var (broken, well) = (await clocked.OrganizationAsync(), await clocked.OrganizationAsync());
        await broken.RegisterAsync("ada");
        await well.RegisterAsync("ada");
        await clocked.AdvanceAsync(8 * Day);
        await broken.QueryAsync<int>("ALTER TABLE members RENAME TO gone");
        await clocked.App.RunJobAsync<ExpireRegistrations>();
        await broken.QueryAsync<int>("ALTER TABLE gone RENAME TO members");

        Assert.Equal(["expired"], await well.QueryAsync<string>("SELECT status FROM members WHERE user_name = 'ada'"));
        Assert.Equal(["pending_verification"], await broken.QueryAsync<string>("SELECT status FROM members WHERE user_name = 'ada'"));
        Assert.Contains(clocked.App.Logs.Lines, line => line.Contains("A job failed for organization", StringComparison.Ordinal) && line.Contains(broken.Organization.Id, StringComparison.Ordinal));

        await clocked.App.RunJobAsync<ExpireRegistrations>();
        Assert.Equal(["expired"], await broken.QueryAsync<string>("SELECT status FROM members WHERE user_name = 'ada'"));
    }
}
