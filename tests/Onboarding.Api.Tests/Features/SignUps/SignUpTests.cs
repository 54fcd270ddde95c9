using System.Diagnostics;
using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignUps;

/// <summary>A stranger comes to an organization of their own.</summary>
public sealed class SignUpTests(ApiFixture fixture) : IDisposable
{
    private readonly HttpClient bare = fixture.App.ClientFor(null);
    private readonly string identifier = SignUpSteps.NewIdentifier();

    private string Email => $"ada@{identifier}.test";

    public void Dispose() => bare.Dispose();

    [Fact] // ONB-13, SEC-8
    public async Task A_stranger_creates_an_organization_proves_the_address_sets_a_password_and_signs_in_at_its_host()
    {
        Assert.Equal("organization.not_found", await (await bare.LookUpAsync(identifier)).CodeAsync(HttpStatusCode.NotFound));
        var asked = await (await bare.CreateAsync(identifier, Email)).OkAsync(HttpStatusCode.Accepted);
        Assert.Equal("verification_sent", asked.GetProperty("status").GetString());
        var mail = await fixture.Smtp.WaitForAsync(Email);
        Assert.Matches("^[0-9]{6}$", mail.Code);
        Assert.Contains($"at {identifier}.localhost", mail.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Strangers", mail.Text, StringComparison.Ordinal);

        // Nothing is reserved and nothing is made before the proof.
        Assert.Equal("organization.not_found", await (await bare.LookUpAsync(identifier)).CodeAsync(HttpStatusCode.NotFound));
        var founded = await (await bare.VerifyAsync(identifier, Email, mail.Code)).OkAsync();
        Assert.Equal(("active", identifier, $"http://{identifier}.localhost"), (founded.GetProperty("status").GetString(), founded.GetProperty("identifier").GetString(), founded.GetProperty("url").GetString()));
        Assert.Equal("active", (await (await bare.LookUpAsync(identifier.ToUpperInvariant())).OkAsync()).GetProperty("status").GetString());

        using var host = fixture.App.ClientFor(identifier);
        var tokens = await SignUpSteps.FounderSignsInAsync(host, fixture.Smtp, Email);
        host.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        var organization = await (await host.GetAsync("/organization")).OkAsync();
        Assert.Equal(("Strangers", "free"), (organization.GetProperty("name").GetString(), organization.GetProperty("plan").GetString()));
        var me = await (await host.GetAsync("/me")).OkAsync();
        Assert.Equal(("admin", "Ada Lovelace"), (me.GetProperty("role").GetString(), me.GetProperty("full_name").GetString()));
        Assert.Equal(0, await CountAsync("work w JOIN platform.organizations o ON o.id = w.organization_id WHERE w.kind = 'found' AND o.identifier = '{0}'"));
        Assert.Equal(0, await CountAsync("emails e JOIN platform.sign_ups s ON s.id = e.about_id WHERE s.identifier = '{0}'"));
    }

    [Fact] // From nothing to a session, mails included; the machine's moods are not the code's, so the best of several counts.
    public async Task It_takes_less_than_five_seconds_of_machine_time()
    {
        var took = new List<double>();
        for (var round = 0; round < 6; round++)
        {
            var (wanted, email) = ($"{identifier}-{round}", $"{round}-{Email}");
            var started = Stopwatch.GetTimestamp();
            await (await bare.VerifyAsync(wanted, email, await bare.CodeForAsync(fixture.Smtp, wanted, email))).OkAsync();
            using var host = fixture.App.ClientFor(wanted);
            await SignUpSteps.FounderSignsInAsync(host, fixture.Smtp, email);
            took.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            if (took[^1] < 5)
            {
                TestContext.Current.SendDiagnosticMessage("Founded in {0:0.00} s.", took[^1]);
                return;
            }
        }

        Assert.Fail($"It took {string.Join(", ", took.Select(seconds => $"{seconds:0.0}"))} s.");
    }

    [Fact] // SEC-8: single use means one organization; a lost answer is no dead end
    public async Task The_right_code_again_gives_the_same_answer_and_makes_nothing_twice()
    {
        var code = await bare.CodeForAsync(fixture.Smtp, identifier, Email);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => bare.VerifyAsync(identifier, Email, code)));
        foreach (var answer in answers)
        {
            Assert.Equal(identifier, (await answer.OkAsync()).GetProperty("identifier").GetString());
        }

        Assert.Equal("active", (await (await bare.VerifyAsync(identifier, $" {Email.ToUpperInvariant()}", code)).OkAsync()).GetProperty("status").GetString());
        Assert.Equal("otp.invalid", await (await bare.VerifyAsync(identifier, Email, code.Other())).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal(1, await CountAsync("organizations WHERE identifier = '{0}'"));
        await fixture.Smtp.WaitForAsync(Email, mail => mail.Text.Contains("/set-password/", StringComparison.Ordinal));
        var schema = Assert.Single(await fixture.App.Database.QueryAsync<string>($"SELECT 'org_' || replace(id::text, '-', '') FROM platform.organizations WHERE identifier = '{identifier}'"));
        Assert.Equal([1L], await fixture.App.Database.QueryAsync<long>($"SELECT count(*) FROM {schema}.members"));
        Assert.Equal(2, fixture.Smtp.For(Email).Count);
    }

    [Fact] // SEC-11
    public async Task Asking_again_voids_the_earlier_code_and_the_newest_details_count()
    {
        var first = await bare.CodeForAsync(fixture.Smtp, identifier, Email, "ada");
        var second = await bare.CodeForAsync(fixture.Smtp, identifier, Email, "lovelace");
        if (first != second)
        {
            Assert.Equal("otp.invalid", await (await bare.VerifyAsync(identifier, Email, first)).CodeAsync(HttpStatusCode.BadRequest));
        }

        await (await bare.VerifyAsync(identifier, Email, second)).OkAsync();
        using var host = fixture.App.ClientFor(identifier);
        await SignUpSteps.FounderSignsInAsync(host, fixture.Smtp, Email, "lovelace");
        Assert.Equal(1, await CountAsync("sign_ups WHERE identifier = '{0}'"));
    }

    [Fact] // SEC-11
    public async Task Two_who_ask_for_the_same_at_the_same_moment_are_one_sign_up()
    {
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ => await (await bare.CreateAsync(identifier, Email)).OkAsync(HttpStatusCode.Accepted)));
        Assert.Equal(1, await CountAsync("sign_ups WHERE identifier = '{0}'"));
        await Eventually.HoldsAsync(async () => await CountAsync("emails e JOIN platform.sign_ups s ON s.id = e.about_id WHERE s.identifier = '{0}'") == 0, "what was queued has left");
        var good = 0;
        foreach (var code in fixture.Smtp.For(Email).Select(mail => mail.Code).Distinct())
        {
            good += (await bare.VerifyAsync(identifier, Email, code)).StatusCode == HttpStatusCode.OK ? 1 : 0;
        }

        // Unless five dead ones came first and used it up; then the sign-up is asked for again.
        Assert.InRange(good, 0, 1);
    }

    [Fact] // SEC-8, SEC-10
    public async Task A_code_is_good_for_its_identifier_and_its_address_alone()
    {
        var (other, elses) = (SignUpSteps.NewIdentifier(), $"eve@{identifier}.test");
        var code = await bare.CodeForAsync(fixture.Smtp, identifier, Email);
        var ofOther = await bare.CodeForAsync(fixture.Smtp, other, Email);
        var ofEve = await bare.CodeForAsync(fixture.Smtp, identifier, elses);
        foreach (var (wrong, place, address) in new[] { (code, other, Email), (ofOther, identifier, Email), (ofEve, identifier, Email), (code, identifier, elses) })
        {
            if (code != ofOther && code != ofEve)
            {
                Assert.Equal("otp.invalid", await (await bare.VerifyAsync(place, address, wrong)).CodeAsync(HttpStatusCode.BadRequest));
            }
        }

        await (await bare.VerifyAsync(identifier, Email, code)).OkAsync();
    }

    [Fact] // SEC-10
    public async Task Of_a_hundred_wrong_guesses_at_once_five_are_counted_and_the_code_is_used_up()
    {
        var code = await bare.CodeForAsync(fixture.Smtp, identifier, Email);
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => bare.VerifyAsync(identifier, Email, code.Other()))))
        {
            Assert.Equal("otp.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
        }

        Assert.Equal([5], await fixture.App.Database.QueryAsync<int>($"SELECT attempts FROM platform.sign_ups WHERE identifier = '{identifier}'"));
        Assert.Equal("otp.invalid", await (await bare.VerifyAsync(identifier, Email, code)).CodeAsync(HttpStatusCode.BadRequest));
        var next = await bare.CodeForAsync(fixture.Smtp, identifier, Email);
        await (await bare.VerifyAsync(identifier, Email, next)).OkAsync();
    }

    [Fact] // SEC-10
    public async Task Of_two_who_want_one_identifier_the_first_to_prove_an_address_has_it()
    {
        var eve = $"eve@{identifier}.test";
        var (adas, eves) = (await bare.CodeForAsync(fixture.Smtp, identifier, Email), await bare.CodeForAsync(fixture.Smtp, identifier, eve, "eve"));
        var answers = await Task.WhenAll(bare.VerifyAsync(identifier, Email, adas), bare.VerifyAsync(identifier, eve, eves));
        Assert.Equal(1, answers.Count(HttpStatusCode.OK));
        var loser = answers.Single(answer => answer.StatusCode != HttpStatusCode.OK);
        Assert.Equal("organization.identifier_taken", await loser.CodeAsync(HttpStatusCode.Conflict));

        // Without the proof nobody hears it.
        var late = answers[0].StatusCode == HttpStatusCode.OK ? (Email: eve, Code: eves) : (Email, Code: adas);
        Assert.Equal("otp.invalid", await (await bare.VerifyAsync(identifier, late.Email, late.Code.Other())).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("organization.identifier_taken", await (await bare.VerifyAsync(identifier, late.Email, late.Code)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("organization.identifier_taken", await (await bare.CreateAsync(identifier, $"late@{identifier}.test")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal(1, await CountAsync("organizations WHERE identifier = '{0}'"));
    }

    private async Task<long> CountAsync(string rows) =>
        (await fixture.App.Database.QueryAsync<long>($"SELECT count(*) FROM platform.{rows.Replace("{0}", identifier, StringComparison.Ordinal)}"))[0];
}
