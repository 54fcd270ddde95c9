using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

public sealed class CodeGuessingTests(ApiFixture fixture)
{
    [Fact] // SEC-10
    public async Task Of_a_hundred_wrong_guesses_at_once_five_are_counted_and_the_code_is_used_up()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => organization.VerifyAsync(email, code.Other())));

        foreach (var answer in answers)
        {
            Assert.Equal("otp.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal([5], await organization.QueryAsync<int>("SELECT attempts FROM one_time_codes"));
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, code)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(101, await organization.CountAsync("audit_log WHERE action = 'member.verification_failed'"));
    }

    [Fact] // SEC-10
    public async Task Four_wrong_guesses_at_once_leave_room_for_the_right_one()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => organization.VerifyAsync(email, code.Other())));

        Assert.Equal([4], await organization.QueryAsync<int>("SELECT attempts FROM one_time_codes"));
        await (await organization.VerifyAsync(email, code)).OkAsync();
    }

    [Fact] // SEC-8, SEC-10
    public async Task Of_fifty_right_ones_at_once_one_succeeds()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => organization.VerifyAsync(email, code)));

        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        Assert.Equal(49, answers.Count(HttpStatusCode.BadRequest));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.verified'"));
        Assert.Equal(1, await organization.CountAsync("outbox WHERE type = 'member.verified'"));
    }
}
