using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Registration;

public sealed class OneTimeCodeTests(ApiFixture fixture)
{
    [Fact] // SEC-8
    public async Task A_code_is_good_once_and_only_for_the_address_it_was_sent_to()
    {
        var organization = await fixture.OrganizationAsync();
        var (ada, eve) = (organization.EmailOf("ada"), organization.EmailOf("eve"));
        var code = (await organization.MailOfAsync(ada, () => organization.RegisterAsync("ada"))).Code;
        var evesCode = (await organization.MailOfAsync(eve, () => organization.RegisterAsync("eve"))).Code;
        Assert.Matches("^[0-9]{6}$", code);

        if (code != evesCode)
        {
            Assert.Equal("otp.invalid", await (await organization.VerifyAsync(eve, code)).CodeAsync(HttpStatusCode.BadRequest));
        }

        await (await organization.VerifyAsync(ada, code)).OkAsync();
        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(ada, code)).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'member.verified'"));
    }

    [Fact] // SEC-8, SEC-1
    public async Task A_code_of_one_organization_is_no_code_in_another()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var email = $"ada@{here.Identifier}.test";
        var mail = await here.MailOfAsync(email, () => here.RegisterAsync("ada", email));
        var other = await there.MailOfAsync(email, () => there.RegisterAsync("ada", email));
        if (mail.Code != other.Code)
        {
            Assert.Equal("otp.invalid", await (await there.VerifyAsync(email, mail.Code)).CodeAsync(HttpStatusCode.BadRequest));
        }

        await (await here.VerifyAsync(email, mail.Code)).OkAsync();
    }

    [Fact] // SEC-8
    public async Task Codes_do_not_repeat_a_pattern()
    {
        var organization = await fixture.OrganizationAsync();
        var codes = new HashSet<string>();
        for (var i = 0; i < 12; i++)
        {
            var name = $"person{i}";
            codes.Add((await organization.MailOfAsync(organization.EmailOf(name), () => organization.RegisterAsync(name))).Code);
        }

        // By chance two of twelve agree once in 15,000 runs, three never.
        Assert.InRange(codes.Count, 11, 12);
    }

    [Fact] // SEC-11
    public async Task Resending_voids_the_earlier_code()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var first = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        var second = (await organization.MailOfAsync(email, () => organization.ResendAsync(email))).Code;
        if (first != second)
        {
            Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, first)).CodeAsync(HttpStatusCode.BadRequest));
        }

        await (await organization.VerifyAsync(email, second)).OkAsync();
    }

    [Fact] // SEC-11, ONB-1
    public async Task Resending_sends_nothing_to_those_who_need_no_code()
    {
        var organization = await fixture.OrganizationAsync();
        foreach (var email in new[] { organization.EmailOf("user"), $"nobody@{organization.Identifier}.test" })
        {
            Assert.Equal(HttpStatusCode.Accepted, (await organization.ResendAsync(email)).StatusCode);
        }

        await organization.SettledAsync();
        Assert.Equal(0, await organization.CountAsync("emails"));
        Assert.Equal(0, await organization.CountAsync("one_time_codes"));
    }

    [Fact] // SEC-10
    public async Task Five_wrong_guesses_use_a_code_up_and_a_new_one_starts_afresh()
    {
        var organization = await fixture.OrganizationAsync();
        var email = organization.EmailOf("ada");
        var code = (await organization.MailOfAsync(email, () => organization.RegisterAsync("ada"))).Code;
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, code.Other())).CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal("otp.invalid", await (await organization.VerifyAsync(email, code)).CodeAsync(HttpStatusCode.BadRequest));
        var next = (await organization.MailOfAsync(email, () => organization.ResendAsync(email))).Code;
        await (await organization.VerifyAsync(email, next)).OkAsync();
    }
}
