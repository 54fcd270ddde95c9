using System.Net;
using System.Net.Http.Json;
using System.Text;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignUps;

/// <summary>What strangers may not do: too much, anything where it is switched off, or learn who is known.</summary>
public sealed class SignUpLimitsTests(ApiFixture fixture)
{
    private readonly string identifier = SignUpSteps.NewIdentifier();

    private string Email => $"ada@{identifier}.test";

    [Fact]
    public async Task Where_it_is_switched_off_nobody_signs_up_and_an_operator_still_creates()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["SignUp:Enabled"] = "false" });
        app.StartServer();
        using var bare = app.ClientFor(null);
        Assert.Equal("sign_up.disabled", await (await bare.CreateAsync(identifier, Email)).CodeAsync(HttpStatusCode.Forbidden));
        Assert.Equal("sign_up.disabled", await (await bare.VerifyAsync(identifier, Email, "123456")).CodeAsync(HttpStatusCode.Forbidden));
        var organization = await TestOrganization.CreateAsync(app);
        await (await bare.LookUpAsync(organization.Identifier)).OkAsync();
    }

    [Fact] // SEC-6, SEC-11, SEC-20
    public async Task Codes_guesses_and_look_ups_are_limited_by_address_account_and_in_all()
    {
        await using var app = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?>
        {
            ["Web:TrustedProxies:0"] = "127.0.0.0/8",
            ["RateLimits:CreateOrganization:PerAccount"] = "2",
            ["RateLimits:CreateOrganization:PerAddress"] = "4",
            ["RateLimits:CreateOrganization:PerOrganization"] = "5",
            ["RateLimits:VerifyOrganization:PerAccount"] = "3",
            ["RateLimits:LookUpOrganization:PerAddress"] = "3",
        });
        app.StartServer();
        var (attacker, victim) = (From("203.0.113.9"), From("198.51.100.7"));

        // Another identifier is no other account: the mailbox is to be spared.
        Assert.Equal("202 202 429", await StatusesAsync(i => attacker.CreateAsync($"{identifier}-{i}", Email.ToUpperInvariant()), 3));
        Assert.Equal("202 429", await StatusesAsync(i => attacker.CreateAsync($"{identifier}-b{i}", $"{i}-{Email}"), 2));
        Assert.Equal("202 202 429", await StatusesAsync(i => victim.CreateAsync($"{identifier}-c{i}", $"{i}-{Email}"), 3));

        Assert.Equal("400 400 400 429", await StatusesAsync(_ => attacker.VerifyAsync(identifier, Email, "not-it"), 4));
        Assert.Equal("400", await StatusesAsync(_ => victim.VerifyAsync(identifier, Email, "not-it"), 1));
        Assert.Equal("404 404 404 429", await StatusesAsync(i => attacker.LookUpAsync($"{identifier}-{i}"), 4));
        Assert.Equal("404", await StatusesAsync(_ => victim.LookUpAsync(identifier), 1));

        HttpClient From(string address)
        {
            var client = app.ClientFor(null);
            client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
            return client;
        }

        static async Task<string> StatusesAsync(Func<int, Task<HttpResponseMessage>> call, int times)
        {
            var statuses = new List<int>();
            for (var i = 0; i < times; i++)
            {
                using var answer = await call(i);
                statuses.Add((int)answer.StatusCode);
            }

            return string.Join(' ', statuses);
        }
    }

    [Fact] // SEC-12
    public async Task Whether_an_address_is_known_somewhere_changes_no_answer()
    {
        var organization = await fixture.OrganizationAsync();
        using var bare = fixture.App.ClientFor(null);
        var (known, unknown) = (organization.EmailOf("admin"), $"nobody@{organization.Identifier}.test");
        await bare.CreateAsync($"{identifier}-open", known);
        Assert.Equal(await SaidAsync(bare.CreateAsync($"{identifier}-a", unknown)), await SaidAsync(bare.CreateAsync($"{identifier}-b", known)));
        Assert.Equal(await SaidAsync(bare.CreateAsync($"{identifier}-c", unknown)), await SaidAsync(bare.CreateAsync($"{identifier}-open", known)));
        Assert.Equal(await SaidAsync(bare.VerifyAsync($"{identifier}-open", unknown, "123456")), await SaidAsync(bare.VerifyAsync($"{identifier}-open", known, "not-it")));
        Assert.Equal(await SaidAsync(bare.VerifyAsync(organization.Identifier, unknown, "123456")), await SaidAsync(bare.VerifyAsync("!", known, "123456")));

        static async Task<string> SaidAsync(Task<HttpResponseMessage> call)
        {
            using var answer = await call;
            var body = await answer.Content.ReadFromJsonAsync<Dictionary<string, object?>>();
            body!.Remove("trace_id");
            var headers = answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Date" or "X-Request-ID"));
            return $"{(int)answer.StatusCode} {string.Join(',', body)} {string.Join('\n', headers.Select(header => $"{header.Key}: {string.Join(',', header.Value)}"))}";
        }
    }

    [Fact] // SEC-2: it belongs to no organization, whatever names one
    public async Task No_header_and_no_host_makes_it_an_organizations_affair()
    {
        var organization = await fixture.OrganizationAsync();
        var lines = await organization.CountAsync("audit_log");
        using var host = fixture.App.ClientFor(organization.Identifier);
        using var body = new StringContent($$"""{"name": "X", "identifier": "{{identifier}}", "username": "ada", "email": "{{Email}}", "full_name": "Ada"}""", Encoding.UTF8, "application/json");
        using var call = new HttpRequestMessage(HttpMethod.Post, "/organizations") { Content = body };
        call.Headers.Add("X-Tenant", organization.Identifier);
        await (await host.SendAsync(call)).OkAsync(HttpStatusCode.Accepted);
        await fixture.Smtp.WaitForAsync(Email);
        Assert.Equal(0, await organization.CountAsync("emails"));
        Assert.Equal(lines, await organization.CountAsync("audit_log"));
    }
}
