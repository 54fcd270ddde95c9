using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Faults;

/// <summary>A product whose mail server misbehaves and gets well again.</summary>
public sealed class MailServerTests(ApiFixture fixture)
{
    private const int People = 12;

    public static TheoryData<string> Troubles => ["421", "451", "hangs"];

    [Theory] // FAULT-10
    [MemberData(nameof(Troubles))]
    public async Task Requests_do_not_wait_for_it_and_each_mail_arrives_once_afterwards(string trouble)
    {
        await using var smtp = TestSmtpServer.Start();
        // So short that who hangs is given up soon, so long that no mail is that was taken: it would come twice.
        await using var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), smtp, new Dictionary<string, string?> { ["Smtp:TimeoutSeconds"] = "5" });
        app.StartServer();
        var organization = await TestOrganization.CreateAsync(app);
        Misbehave(smtp, trouble);
        await (await organization.RegisterAsync("person-0")).OkAsync(HttpStatusCode.Accepted);
        await Eventually.HoldsAsync(() => Task.FromResult(smtp.ConnectionCount > 0), "the first mail is being sent");

        // It is answered while the mail server is in trouble: nothing of a request waits for it.
        for (var i = 1; i < People; i++)
        {
            await (await organization.RegisterAsync($"person-{i}")).OkAsync(HttpStatusCode.Accepted);
        }

        await (await organization.Anonymous.GetAsync("/.well-known/jwks.json")).OkAsync();
        await organization.TokensAsync("user");
        Assert.Equal(0, smtp.Count);
        await Eventually.HoldsAsync(async () => await organization.CountAsync("emails WHERE status = 'queued' AND last_error IS NOT NULL") > 0, "a try has failed and was noted");

        smtp.Normal();
        await Eventually.HoldsAsync(
            async () =>
            {
                await FallDueAsync(organization);
                return await organization.CountAsync("emails WHERE status = 'sent'") == People;
            },
            "every mail has left");
        await organization.SettledAsync();
        Assert.All(Enumerable.Range(0, People), i => Assert.Single(smtp.For(organization.EmailOf($"person-{i}"))));
    }

    private static void Misbehave(TestSmtpServer smtp, string trouble)
    {
        switch (trouble)
        {
            case "421":
                smtp.Respond421();
                break;
            case "451":
                smtp.Respond451();
                break;
            default:
                smtp.Hang();
                break;
        }
    }

    // What backs off is tried at once; what a worker holds (a claim) stays with it.
    private static Task FallDueAsync(TestOrganization organization) => organization.App.Database.FallDueAsync("claim_id IS NULL");
}
