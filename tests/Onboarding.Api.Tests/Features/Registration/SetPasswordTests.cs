using System.Net;
using System.Net.Http.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Registration;

public sealed class SetPasswordTests(ApiFixture fixture)
{
    [Fact] // ONB-13, SEC-15
    public async Task A_link_works_once_also_for_two_at_the_same_time()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, token) = await organization.AddApprovedAsync("ada");

        await using var row = await RowLock.HoldAsync(organization, "SELECT 1 FROM password_links FOR UPDATE");
        var racing = new[] { organization.SetPasswordAsync(token, "first of two long phrases"), organization.SetPasswordAsync(token, "second of two long phrases") };
        await row.WaitForWaitersAsync(2);
        await row.ReleaseAsync();
        var answers = await Task.WhenAll(racing);

        Assert.Equal(1, answers.Count(HttpStatusCode.NoContent));
        Assert.Equal("link.invalid", await answers.Single(a => !a.IsSuccessStatusCode).CodeAsync(HttpStatusCode.NotFound));
        var (good, bad) = answers[0].IsSuccessStatusCode ? ("first", "second") : ("second", "first");
        Assert.Equal(HttpStatusCode.OK, (await organization.TryLoginAsync("ada", $"{good} of two long phrases")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await organization.TryLoginAsync("ada", $"{bad} of two long phrases")).StatusCode);
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(token)).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // ONB-13, SEC-15
    public async Task A_resent_link_supersedes_the_earlier_one()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        using var admin = await organization.SignInAsync();
        var email = organization.EmailOf("ada");
        var first = (await organization.MailOfAsync(email, () => admin.PostAsJsonAsync($"/members/{id}/approve", new { }))).Token();
        var second = (await organization.MailOfAsync(email, () => admin.PostAsync($"/members/{id}/resend-set-password", null))).Token();

        Assert.NotEqual(first, second);
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(first)).CodeAsync(HttpStatusCode.NotFound));
        await (await organization.SetPasswordAsync(second)).OkAsync(HttpStatusCode.NoContent);
        Assert.Equal("member.not_allowed", await (await admin.PostAsync($"/members/{id}/resend-set-password", null)).CodeAsync(HttpStatusCode.Conflict));
    }

    [Fact] // ONB-13, SEC-2
    public async Task The_host_in_the_link_comes_from_the_catalogue_whatever_the_request_says()
    {
        var organization = await fixture.OrganizationAsync();
        var id = await organization.AddPendingAsync("ada");
        var tokens = await organization.TokensAsync("admin");
        using var client = fixture.App.ClientFor(null);
        client.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        client.DefaultRequestHeaders.Add("X-Tenant", organization.Identifier);
        client.DefaultRequestHeaders.Add("X-Forwarded-Host", "evil.example");
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "gopher");

        var mail = await organization.MailOfAsync(organization.EmailOf("ada"), () => client.PostAsJsonAsync($"/members/{id}/approve", new { }));
        Assert.Equal($"http://{organization.Identifier}.localhost", mail.Link.GetLeftPart(UriPartial.Authority));
        Assert.DoesNotContain("evil.example", mail.Html, StringComparison.Ordinal);
    }

    [Theory] // SEC-15
    [InlineData("x")]
    [InlineData("sp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("01990000-0000-7000-8000-000000000001")]
    public async Task A_made_up_link_is_invalid(string token)
    {
        var organization = await fixture.OrganizationAsync();
        Assert.Equal("link.invalid", await (await organization.SetPasswordAsync(token)).CodeAsync(HttpStatusCode.NotFound));
    }

    [Fact] // SEC-15
    public async Task A_link_holds_256_random_bits_and_is_no_link_elsewhere()
    {
        var (here, there) = (await fixture.OrganizationAsync(), await fixture.OrganizationAsync());
        var (_, token) = await here.AddApprovedAsync("ada");
        Assert.Matches("^sp_[A-Za-z0-9_-]{43}$", token);
        Assert.Equal("link.invalid", await (await there.SetPasswordAsync(token)).CodeAsync(HttpStatusCode.NotFound));
        await (await here.SetPasswordAsync(token)).OkAsync(HttpStatusCode.NoContent);
    }

    [Theory] // SEC-16, SEC-17
    [InlineData("only-eleven")]
    [InlineData("passwordpassword")]
    [InlineData("123456789012345")]
    [InlineData("qwertyuiopasdfgh")]
    [InlineData("aaaaaaaaaaaaaaaa")]
    [InlineData("augusta plus four random herons")]
    [InlineData("{identifier} plus four herons")]
    [InlineData("{identifier}.test my favourite")]
    [InlineData("demo-only-Passw0rd")]
    public async Task A_weak_password_is_refused_with_reasons_and_does_not_use_the_link_up(string password)
    {
        var organization = await fixture.OrganizationAsync();
        var (_, token) = await organization.AddApprovedAsync("augusta");
        var answer = await organization.SetPasswordAsync(token, password.Replace("{identifier}", organization.Identifier, StringComparison.Ordinal));

        Assert.Equal("password.weak", await answer.CodeAsync(HttpStatusCode.BadRequest));
        Assert.NotEmpty((await answer.JsonAsync()).GetProperty("reasons").EnumerateArray());
        await (await organization.SetPasswordAsync(token)).OkAsync(HttpStatusCode.NoContent);
    }

    [Theory] // SEC-16
    [InlineData("glmkvw xqpj")] // 11
    [InlineData("🦢🦢🐍🌵🪁🧶🛶🪕🥁🧭🗿")] // 11 characters, 22 UTF-16 units
    public async Task Eleven_characters_are_too_few_however_they_are_encoded(string password)
    {
        var organization = await fixture.OrganizationAsync();
        var (_, token) = await organization.AddApprovedAsync("ada");
        Assert.Equal("password.weak", await (await organization.SetPasswordAsync(token, password)).CodeAsync(HttpStatusCode.BadRequest));
    }

    [Theory] // SEC-16
    [InlineData("glmkvwxqpjtz")] // 12, one kind of character
    [InlineData("пять тихих цапель в сумерках")]
    [InlineData("夕暮れの静かな四羽の鷺と古い橋")]
    [InlineData("  spaces around are part of it  ")]
    [InlineData("a passphrase of more than sixty-four characters has to be accepted as it stands, all of it")]
    public async Task Long_and_unusual_passwords_are_welcome_whatever_they_are_made_of(string password)
    {
        var organization = await fixture.OrganizationAsync();
        var (_, token) = await organization.AddApprovedAsync("ada");
        await (await organization.SetPasswordAsync(token, password)).OkAsync(HttpStatusCode.NoContent);

        Assert.Equal(HttpStatusCode.OK, (await organization.TryLoginAsync("ada", password)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await organization.TryLoginAsync("ada", password[..^1])).StatusCode);
    }

    [Fact] // SEC-50
    public async Task A_password_beyond_all_reason_is_refused_before_it_is_hashed()
    {
        var organization = await fixture.OrganizationAsync();
        var (_, token) = await organization.AddApprovedAsync("ada");
        Assert.Equal("request.invalid", await (await organization.SetPasswordAsync(token, new string('x', 257))).CodeAsync(HttpStatusCode.BadRequest));
        Assert.Equal("request.invalid", await (await organization.Anonymous.PostAsJsonAsync("/login", new { username = "ada", password = new string('x', 257) })).CodeAsync(HttpStatusCode.BadRequest));
    }
}
