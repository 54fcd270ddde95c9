using System.Net;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.SignUps;

/// <summary>Nobody gets a host that passes for another organization's, or for the platform's.</summary>
public sealed class LookAlikeTests(ApiFixture fixture) : IDisposable
{
    private readonly HttpClient bare = fixture.App.ClientFor(null);

    public void Dispose() => bare.Dispose();

    [Theory] // Adversarial isolation test 8
    [InlineData("modern-{0}", "modem-{0}")]
    [InlineData("wilson-{0}", "w1ls0n-{0}")]
    [InlineData("wilson-{0}", "vvllson-{0}")]
    [InlineData("base-{0}", "ba5e-{0}")]
    [InlineData("vw-{0}", "vvv-{0}")]
    [InlineData("vw-{0}", "wv-{0}")]
    [InlineData("arnrn-{0}", "amm-{0}")]
    [InlineData("dover-{0}", "c1over-{0}")]
    [InlineData("a-b-{0}", "a--b---{0}")]
    public async Task What_looks_like_another_organization_is_taken(string theirs, string wanted)
    {
        // Letters that nothing else looks like.
        var part = string.Concat(Path.GetRandomFileName().Where(char.IsLetterOrDigit).Select(c => "abefghjkpqtuxyz3"[c % 16]));
        theirs = theirs.Replace("{0}", part, StringComparison.Ordinal);
        wanted = wanted.Replace("{0}", part, StringComparison.Ordinal);
        Assert.NotEqual(theirs, wanted);
        var late = await bare.CodeForAsync(fixture.Smtp, wanted, $"late@{part}.test");
        await TestOrganization.CreateAsync(fixture.App, theirs);

        Assert.Equal("organization.identifier_taken", await (await bare.CreateAsync(wanted, $"eve@{part}.test")).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("organization.identifier_taken", await (await bare.VerifyAsync(wanted, $"late@{part}.test", late)).CodeAsync(HttpStatusCode.Conflict));
        Assert.Equal("organization.not_found", await (await bare.LookUpAsync(wanted)).CodeAsync(HttpStatusCode.NotFound));
        await (await bare.CreateAsync($"{wanted}-c", $"eve@{part}.test")).OkAsync(HttpStatusCode.Accepted);
    }

    [Fact] // SEC-10
    public async Task Of_two_that_look_alike_and_are_proven_at_once_one_is_made()
    {
        for (var round = 0; round < 5; round++)
        {
            var part = string.Concat(Path.GetRandomFileName().Where(char.IsLetterOrDigit).Select(c => "abefghjkpqtuxyz3"[c % 16]));
            var (one, other) = ($"corn-{part}", $"com-{part}");
            var codes = (await bare.CodeForAsync(fixture.Smtp, one, $"a@{part}.test"), await bare.CodeForAsync(fixture.Smtp, other, $"b@{part}.test"));
            var answers = await Task.WhenAll(bare.VerifyAsync(one, $"a@{part}.test", codes.Item1), bare.VerifyAsync(other, $"b@{part}.test", codes.Item2));
            Assert.Equal((1, 1), (answers.Count(HttpStatusCode.OK), answers.Count(HttpStatusCode.Conflict)));
        }
    }

    [Fact] // SEC-10: during an upgrade both releases serve.
    public async Task What_a_node_of_the_release_before_makes_at_the_same_time_is_seen()
    {
        var part = string.Concat(Path.GetRandomFileName().Where(char.IsLetterOrDigit).Select(c => "abefghjkpqtuxyz3"[c % 16]));
        var (theirs, wanted) = ($"corn-{part}", $"com-{part}");
        var code = await bare.CodeForAsync(fixture.Smtp, wanted, $"late@{part}.test");
        var any = await fixture.OrganizationAsync();

        // It locks what it calls the skeleton, and looks at that column alone.
        await using (var node = await RowLock.HoldAsync(any, $"SELECT pg_advisory_xact_lock(hashtextextended('organization:com-{part}', 0))"))
        {
            var late = bare.VerifyAsync(wanted, $"late@{part}.test", code);
            await node.WaitForWaitersAsync(1);
            await node.ReleaseAsync($"""
                INSERT INTO platform.organizations (id, identifier, name, accent_color, plan, status, schema_version, created_at, changed_at)
                VALUES (gen_random_uuid(), '{theirs}', 'Corn', '#000000', 'free', 'provisioning', 0, now(), now())
                """);
            Assert.Equal("organization.identifier_taken", await (await late).CodeAsync(HttpStatusCode.Conflict));
        }

        Assert.Equal($"com-{part}", Assert.Single(await any.QueryAsync<string>($"DELETE FROM platform.organizations WHERE identifier = '{theirs}' RETURNING skeleton")));
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("adm1n")]
    [InlineData("www")]
    [InlineData("vvww")]
    [InlineData("5ecur1ty")]
    [InlineData("Acme")]
    [InlineData("ab")]
    [InlineData("-acme")]
    [InlineData("acme-")]
    [InlineData("xn--acme")]
    [InlineData("a.b")]
    [InlineData("abcdefghijabcdefghijabcdefghijabcdefghijk")] // 41
    [InlineData("")]
    public async Task What_nobody_can_have_is_said_at_once(string identifier)
    {
        var answer = await bare.CreateAsync(identifier, "eve@example.test");
        Assert.Equal("request.invalid", await answer.CodeAsync(HttpStatusCode.BadRequest));
        Assert.True((await answer.JsonAsync()).GetProperty("errors").TryGetProperty("identifier", out _));
    }

    [Fact] // Nobody takes what a reserved word looks like, and who has a name keeps being found by it.
    public async Task An_operator_may_give_what_a_stranger_cannot_have()
    {
        var organization = await TestOrganization.CreateAsync(fixture.App, "he1p");
        Assert.Equal("active", (await (await bare.LookUpAsync("he1p")).OkAsync()).GetProperty("status").GetString());
        await organization.TokensAsync("admin");
    }

    [Fact] // The two ways to compute it.
    public async Task PostgreSQL_and_the_program_see_the_same()
    {
        var database = fixture.App.Database;
        var expression = Assert.Single(await database.QueryAsync<string>("""
            SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE a.attname = 'look_alike_key' AND d.adrelid = 'platform.organizations'::regclass
            """));
        foreach (var (identifier, key) in new[] { ("mrnn", "rnrnn"), ("vvvww", "vvvvvvv"), ("wvvvw", "vvvvvvv"), ("dc1", "clcl"), ("a---b--c", "a-b-c"), ("0o1li5s", "oolllss"), ("r1-v0v", "rl-vov"), (new string('w', 40), new string('v', 80)) })
        {
            Assert.Equal(key, OrganizationIdentifier.LookAlikeKey(identifier));
            Assert.Equal(key, Assert.Single(await database.QueryAsync<string>($"SELECT {expression} FROM (SELECT '{identifier}'::varchar AS identifier) AS one")));
        }
    }
}
