using System.Globalization;
using System.Text.Json;
using Onboarding.Api.CommandLine;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>What names the organization of a request, and what somebody might try instead.</summary>
public sealed class SpoofedTenantTests(ApiFixture fixture)
{
    [Fact] // SEC-2
    public async Task A_header_never_overrides_a_host_and_is_never_there_twice()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        using var user = await a.SignInAsync("user");
        var access = user.DefaultRequestHeaders.Authorization!.Parameter!;
        string[][] ambiguous = [[b.Identifier], [a.Identifier, b.Identifier], [b.Identifier, a.Identifier], [a.Identifier, a.Identifier], ["", a.Identifier], [""], [$"{a.Identifier},{b.Identifier}"]];
        foreach (var headers in ambiguous)
        {
            Require(400, "tenant.ambiguous", await MeAsync($"{a.Identifier}.localhost", access, headers));
        }

        // On the bare domain it names the organization, once, and nothing but one.
        Require(400, "tenant.ambiguous", await MeAsync("localhost", access, a.Identifier, b.Identifier));
        Require(400, "tenant.ambiguous", await MeAsync("localhost", access, a.Identifier, a.Identifier));
        Require(404, "tenant.not_found", await MeAsync("localhost", access, $"{a.Identifier},{b.Identifier}"));
        Require(404, "tenant.not_found", await MeAsync("localhost", access, $"{a.Identifier}, {a.Identifier}"));
        Require(401, "tenant.mismatch", await MeAsync("localhost", access, b.Identifier));
        Require(400, "tenant.required", await MeAsync("localhost", access));
        Require(400, "tenant.required", await MeAsync("localhost", access, " "));
        Require(a, await MeAsync("localhost", access, a.Identifier.ToUpperInvariant()));
        Require(a, await MeAsync($"{a.Identifier}.localhost", access, a.Identifier.ToUpperInvariant()));
    }

    [Fact] // SEC-2
    public async Task A_host_means_its_organization_however_it_is_written_or_none()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var access = (await a.TokensAsync("user")).Access();
        foreach (var host in new[] { $"{a.Identifier}.localhost", $"{a.Identifier}.localhost:8443", $"{a.Identifier.ToUpperInvariant()}.LocalHost", $"{a.Identifier.ToUpperInvariant()}.LOCALHOST:1" })
        {
            Require(a, await MeAsync(host, access));
        }

        foreach (var host in new[]
        {
            $"{a.Identifier}.localhost.", $"{a.Identifier}.localhost.evil.example", $"{a.Identifier}localhost", $"{a.Identifier}.{b.Identifier}.localhost", $"{b.Identifier}.{a.Identifier}.localhost",
            $".{a.Identifier}.localhost", $"{a.Identifier}..localhost", $"{a.Identifier}.evil.example", a.Identifier, "evil.example", "127.0.0.1", "[::1]", "xlocalhost",
        })
        {
            var answer = await MeAsync(host, access);
            Assert.Equal((host, 404, "tenant.not_found"), (host, answer.Status, answer.Body.GetProperty("code").GetString()));
            Assert.InRange((await MeAsync(host, access, a.Identifier)).Status, 400, 404);
        }
    }

    [Fact] // SEC-2, SEC-47
    public async Task A_forwarded_host_counts_only_from_a_trusted_proxy_and_only_the_one_it_added()
    {
        var (a, b) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var access = (await a.TokensAsync("user")).Access();
        var (hostA, hostB) = ($"{a.Identifier}.localhost", $"{b.Identifier}.localhost");
        foreach (var header in new[] { "X-Forwarded-Host", "X-Original-Host", "X-Host", "Forwarded", "X-HTTP-Host-Override" })
        {
            var value = header == "Forwarded" ? $"host={hostB}" : hostB;
            Require(a, await SendAsync(fixture.App, hostA, access, (header, value)));
            Require(401, "tenant.mismatch", await SendAsync(fixture.App, hostB, access, (header, value.Replace(b.Identifier, a.Identifier, StringComparison.Ordinal))));
        }

        await using var behindProxy = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Web:TrustedProxies:0"] = "127.0.0.0/8" });
        behindProxy.StartServer();
        Require(a, await SendAsync(behindProxy, "10.1.2.3", access, ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", hostA)));
        Require(a, await SendAsync(behindProxy, "10.1.2.3", access, ("X-Forwarded-For", "203.0.113.1, 203.0.113.9"), ("X-Forwarded-Host", $"{hostB}, {hostA}")));
        Require(401, "tenant.mismatch", await SendAsync(behindProxy, hostA, access, ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", hostB)));
        foreach (var other in new[] { "X-Original-Host", "X-Forwarded-Prefix", "X-Forwarded-Server" })
        {
            Require(a, await SendAsync(behindProxy, hostA, access, (other, hostB)));
        }

        // Told by a peer that is none of the proxies.
        await using var elsewhere = new TestApp(fixture.App.Database, fixture.Smtp, new Dictionary<string, string?> { ["Web:TrustedProxies:0"] = "10.0.0.0/8" });
        elsewhere.StartServer();
        Require(a, await SendAsync(elsewhere, hostA, access, ("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-Host", hostB)));
    }

    // Adversarial isolation test 8: by host and header nobody is found, and the command line founds nobody.
    [Theory] // SEC-2, SEC-4
    [InlineData("public")]
    [InlineData("pg_catalog")]
    [InlineData("platform")]
    [InlineData("information_schema")]
    [InlineData("a\";--")]
    [InlineData("a';DROP SCHEMA platform CASCADE;--")]
    [InlineData("../acme")]
    [InlineData("a.b")]
    [InlineData("a")]
    [InlineData("-acme")]
    [InlineData("acme-")]
    [InlineData("acme\n")]
    [InlineData("xn--cme-5cd")]
    [InlineData("\u0430cme")] // a Cyrillic letter
    [InlineData("ac\u200Bme")] // with a space of no width
    [InlineData("\uFF41cme")] // full width
    [InlineData("abcdefghijabcdefghijabcdefghijabcdefghijk")] // 41
    [InlineData("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij")]
    public async Task An_identifier_that_nobody_can_have_finds_nobody_and_founds_nobody(string identifier)
    {
        if (!identifier.EndsWith('\n'))
        {
            Require(404, "tenant.not_found", await MeAsync("localhost", "x", identifier));

            // Where the server takes it for a host at all.
            var byHost = await MeAsync($"{identifier}.localhost", "x");
            Assert.True(byHost.Status == 400 || (byHost.Status == 404 && byHost.Body.GetProperty("code").GetString() == "tenant.not_found"));
        }

        var before = await CatalogueAsync();
        Assert.Equal(1, await OrganizationCommands.Create(fixture.App.Services).Parse(["create", "--admin-email", "eve@x.test", "--", identifier]).InvokeAsync());
        Assert.DoesNotContain(identifier, (await CatalogueAsync()).Except(before));
    }

    [Fact] // SEC-2, SEC-4
    public async Task The_names_by_which_the_database_knows_an_organization_are_no_names_of_it()
    {
        var a = await fixture.OrganizationAsync();
        var access = (await a.TokensAsync("user")).Access();
        foreach (var name in new[] { a.Organization.Schema, a.Organization.Id, a.Organization.Key.ToString("N"), a.Organization.Name })
        {
            Require(404, "tenant.not_found", await MeAsync("localhost", access, name));
        }
    }

    private Task<IReadOnlyList<string>> CatalogueAsync() => fixture.App.Database.QueryAsync<string>("SELECT identifier FROM platform.organizations");

    private static void Require(TestOrganization organization, Answer answer)
    {
        Assert.Equal(200, answer.Status);
        Assert.Equal(organization.Identifier, answer.Body.GetProperty("organization").GetProperty("identifier").GetString());
    }

    private static void Require(int status, string code, Answer answer) => Assert.Equal((status, code), (answer.Status, answer.Body.GetProperty("code").GetString()));

    private Task<Answer> MeAsync(string host, string access, params string[] tenants) =>
        SendAsync(fixture.App, host, access, [.. tenants.Select(tenant => ("X-Tenant", tenant))]);

    private sealed record Answer(int Status, JsonElement Body);

    /// <summary>Written by hand: a client library joins repeated headers, and knows better what a host is.</summary>
    private static async Task<Answer> SendAsync(TestApp app, string host, string access, params (string Name, string Value)[] headers)
    {
        var lines = string.Concat(headers.Select(header => $"{header.Name}: {header.Value}\r\n"));
        var text = await RawHttp.SendAsync(app, $"GET /me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {access}\r\n{lines}Connection: close\r\n\r\n");
        var (from, to) = (text.IndexOf('{', StringComparison.Ordinal), text.LastIndexOf('}'));
        return new(int.Parse(text[9..12], CultureInfo.InvariantCulture), from < 0 ? default : JsonDocument.Parse(text[from..(to + 1)]).RootElement);
    }
}
