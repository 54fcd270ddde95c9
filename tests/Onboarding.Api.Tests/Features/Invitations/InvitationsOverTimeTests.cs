using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Invitations;

[Collection(ClockCollection.Name)]
public sealed class InvitationsOverTimeTests(ClockedApp clocked)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact] // SEC-15
    public async Task An_invitation_is_good_for_seven_days_and_can_be_sent_again_after_that()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var (early, late) = (await organization.InviteAsync(admin, organization.EmailOf("early")), await organization.InviteAsync(admin, organization.EmailOf("late")));
        await clocked.AdvanceAsync(TimeSpan.FromDays(7) - Second);
        await (await organization.AcceptAsync(early, "early")).OkAsync(HttpStatusCode.NoContent);
        await clocked.AdvanceAsync(Second);
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(late, "late")).CodeAsync(HttpStatusCode.NotFound));

        using var later = await organization.SignInAsync();
        var expired = Assert.Single(await Paged.AllAsync(later, "/invitations?status=expired", 5));
        Assert.Equal(organization.EmailOf("late"), expired.GetProperty("email").GetString());
        Assert.Empty(await Paged.AllAsync(later, "/invitations?status=open", 5));

        var resent = (await organization.MailOfAsync(organization.EmailOf("late"), () => later.PostAsync($"/invitations/{expired.GetProperty("id")}/resend", null))).Token();
        Assert.Equal(expired.GetProperty("id").GetGuid(), Assert.Single(await Paged.AllAsync(later, "/invitations?status=open", 5)).GetProperty("id").GetGuid());
        Assert.Equal("link.invalid", await (await organization.AcceptAsync(late, "late")).CodeAsync(HttpStatusCode.NotFound));
        await clocked.AdvanceAsync(TimeSpan.FromDays(7) - Second);
        await (await organization.AcceptAsync(resent, "late")).OkAsync(HttpStatusCode.NoContent);
    }

    [Fact] // ONB-10
    public async Task An_expired_invitation_lets_nobody_in_who_registers_and_holds_no_role()
    {
        var organization = await clocked.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.DefineRoleAsync("reader");
        await organization.InviteAsync(admin, organization.EmailOf("ada"), "reader");
        Assert.Equal("role.in_use", await (await admin.DeleteAsync("/roles/reader")).CodeAsync(HttpStatusCode.Conflict));
        await clocked.AdvanceAsync(TimeSpan.FromDays(7));

        var code = (await organization.MailOfAsync(organization.EmailOf("ada"), () => organization.RegisterAsync("ada"))).Code;
        Assert.Equal("pending_approval", (await (await organization.VerifyAsync(organization.EmailOf("ada"), code)).OkAsync()).GetProperty("status").GetString());
        using var later = await organization.SignInAsync();
        await (await later.DeleteAsync("/roles/reader")).OkAsync(HttpStatusCode.NoContent);
        var id = Assert.Single(await organization.QueryAsync<Guid>("SELECT id FROM invitations"));
        Assert.Equal("role.unknown", await (await later.PostAsync($"/invitations/{id}/resend", null)).CodeAsync(HttpStatusCode.BadRequest));
    }
}
