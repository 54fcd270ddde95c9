using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Onboarding.Api.Emails;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Api.Tests.Emails;

public sealed class EmailRendererTests
{
    private const string Code = "482913";
    private static readonly EmailBranding Acme = new("Acme & Sons", "#0f766e", null);
    private static readonly Uri Link = new("https://acme.example.com/set-password/abc?a=1&b=2");

    private readonly EmailRenderer _renderer = new(new ServiceCollection().BuildServiceProvider(), NullLoggerFactory.Instance);

    public static TheoryData<string> EveryMail => [.. Mails("Ada").Keys];

    [Theory]
    [MemberData(nameof(EveryMail))]
    public async Task User_text_is_encoded_in_html_and_readable_in_text(string mail)
    {
        var rendered = await _renderer.RenderAsync(Mails("Ada <script>alert(1)<script>")[mail], Acme);

        Assert.DoesNotContain("<script", rendered.Html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Ada &lt;script&gt;alert(1)&lt;script&gt;", rendered.Html, StringComparison.Ordinal);
        Assert.Contains("Acme &amp; Sons", rendered.Html, StringComparison.Ordinal);
        Assert.Contains("Ada <script>alert(1)<script>", rendered.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryMail))]
    public async Task No_name_can_start_a_header(string mail)
    {
        var rendered = await _renderer.RenderAsync(
            Mails("Ada\r\nBcc: everybody")[mail], Acme with { OrganizationName = "Acme\r\nBcc: everybody\u2028x" });

        Assert.DoesNotContain(rendered.Subject, character => char.IsControl(character) || character is '\u2028' or '\u2029');
        Assert.Contains("Acme Bcc: everybody x", rendered.Subject, StringComparison.Ordinal);
        Assert.DoesNotContain(rendered.Text.Split('\n'), line => line.StartsWith("Bcc", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(VerificationCodeEmail))]
    [InlineData(nameof(ChangeEmailCodeEmail))]
    public async Task Both_parts_of_a_mail_with_a_code_say_it_and_the_preview_does_not(string mail)
    {
        var rendered = await _renderer.RenderAsync(Mails("Ada")[mail], Acme);

        Assert.Contains($">{Code}<", rendered.Html, StringComparison.Ordinal);
        Assert.Contains(Code, rendered.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Code, rendered.Subject, StringComparison.Ordinal);
        Assert.Equal(2, rendered.Html.Split("10 minutes").Length - 1);
        Assert.Contains("10 minutes", rendered.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(ApprovedEmail))]
    [InlineData(nameof(ResetPasswordEmail))]
    [InlineData(nameof(AccountExistsEmail))]
    [InlineData(nameof(InvitationEmail))]
    [InlineData(nameof(MembershipEmail))]
    [InlineData(nameof(WaitingMembersEmail))]
    public async Task Both_parts_say_the_link_in_full(string mail)
    {
        var rendered = await _renderer.RenderAsync(Mails("Ada")[mail], Acme);

        Assert.Contains($"href=\"{WebUtility.HtmlEncode(Link.AbsoluteUri)}\"", rendered.Html, StringComparison.Ordinal);
        Assert.Contains($"\n{Link.AbsoluteUri}\n", rendered.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rejection_without_a_reason_does_not_mention_one()
    {
        var with = await _renderer.RenderAsync(new RejectedEmail { FullName = "Ada", Reason = "Not <us>\nSorry" }, Acme);
        var without = await _renderer.RenderAsync(new RejectedEmail { FullName = "Ada", Reason = " " }, Acme);

        Assert.Contains("Not &lt;us&gt;", with.Html, StringComparison.Ordinal);
        Assert.Contains("Not <us>\nSorry", with.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("reason", without.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("reason", without.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Every_change_of_second_factors_is_told_in_words_of_its_own()
    {
        var texts = new HashSet<string>();
        foreach (var change in Enum.GetValues<MfaChange>())
        {
            var mail = new MfaChangedEmail { FullName = "Ada", Change = change, ChangedAt = DateTimeOffset.UnixEpoch };
            texts.Add((await _renderer.RenderAsync(mail, Acme)).Text);
            Assert.Contains($"\"{change}\"", JsonSerializer.Serialize<EmailTemplate>(mail), StringComparison.Ordinal);
        }

        Assert.Equal(Enum.GetValues<MfaChange>().Length, texts.Count);
        Assert.DoesNotContain(texts, text => text.Contains("Your second factors have changed.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Windows")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari on macOS")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "Chrome on Linux")]
    [InlineData("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome on Android")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone")]
    [InlineData("curl/8.5.0", "an app")]
    [InlineData("Win at https://casino.example <script>", "an app")]
    [InlineData(null, "an app")]
    public void A_device_is_named_in_our_own_words(string? userAgent, string expected) => Assert.Equal(expected, DeviceName.Of(userAgent));

    [Theory]
    [InlineData("Win at https://casino.example", false)]
    [InlineData("casino.example", false)]
    [InlineData("casino\u3002example", false)]
    [InlineData("ada@casino", false)]
    [InlineData("", false)]
    [InlineData("J. R. R. Tolkien", true)]
    [InlineData("Åsa O'Neill-Müller 山田", true)]
    public async Task A_name_that_would_become_a_link_is_left_out(string name, bool greeted)
    {
        var rendered = await _renderer.RenderAsync(Mails(name)[nameof(VerificationCodeEmail)], Acme);

        Assert.Contains(greeted ? $"Hello {name}," : "Hello,", rendered.Text, StringComparison.Ordinal);
        Assert.Equal(greeted, WebUtility.HtmlDecode(rendered.Html).Contains($"Hello {name},", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Ada Lovelace", "Ada Lovelace has invited you")]
    [InlineData("Win at casino.example", "Somebody has invited you")]
    [InlineData(null, "Somebody has invited you")]
    public async Task An_invitation_says_who_invites_unless_the_name_would_become_a_link(string? name, string expected)
    {
        var rendered = await _renderer.RenderAsync(new InvitationEmail { InvitedBy = name, AcceptUrl = Link, DaysValid = 7 }, Acme);

        Assert.Contains(expected, rendered.Text, StringComparison.Ordinal);
        Assert.Contains(expected, rendered.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("casino", rendered.Html + rendered.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MembershipChange.Suspended, "is suspended", false)]
    [InlineData(MembershipChange.Reactivated, "is active again", true)]
    [InlineData(MembershipChange.RoleChanged, "another role", true)]
    [InlineData(MembershipChange.Removed, "no longer a member", false)]
    public async Task A_notice_says_what_happened_and_where_to_sign_in_if_that_is_possible(MembershipChange change, string subject, bool link)
    {
        var rendered = await _renderer.RenderAsync(new MembershipEmail { FullName = "Ada", Change = change, Role = "reader", SignInUrl = link ? Link : null }, Acme);

        Assert.Contains(subject, rendered.Subject, StringComparison.Ordinal);
        Assert.Equal(link, rendered.Html.Contains("href=", StringComparison.Ordinal));
        Assert.Equal(link, rendered.Text.Contains(Link.AbsoluteUri, StringComparison.Ordinal));
        Assert.Equal(change == MembershipChange.RoleChanged, rendered.Text.Contains("the role reader", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, "One person has waited", false)]
    [InlineData(2, "2 people have waited", false)]
    [InlineData(5, "5 people have waited", true)]
    public async Task A_digest_counts_and_names_who_has_waited_longest(int count, string summary, bool more)
    {
        List<WaitingPerson> longest = [.. new WaitingPerson[] { new("Ada Lovelace", 3), new("win at casino.example", 1) }.Take(count)];
        var rendered = await _renderer.RenderAsync(new WaitingMembersEmail { FullName = "Grace", Count = count, Longest = longest, QueueUrl = Link }, Acme);

        Assert.Contains(summary, rendered.Text, StringComparison.Ordinal);
        Assert.Contains("- Ada Lovelace, for 3 days", rendered.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("casino", rendered.Text + rendered.Html, StringComparison.Ordinal);
        Assert.Equal(more, rendered.Text.Contains("and 3 more", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Branding_cannot_leave_its_attribute_or_name_another_scheme()
    {
        var branding = new EmailBranding("Acme", "red;\"><script>", "javascript:alert(1)");
        var rendered = await _renderer.RenderAsync(Mails("Ada")[nameof(ApprovedEmail)], branding);

        Assert.DoesNotContain("<script", rendered.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:", rendered.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", rendered.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#0f766e", "#ffffff")]
    [InlineData("#000000", "#ffffff")]
    [InlineData("#ffd400", "#16191d")]
    [InlineData("#ffffff", "#16191d")]
    public void The_button_is_readable_on_any_accent(string accent, string expected) =>
        Assert.Equal(expected, new EmailBranding("Acme", accent, null).OnAccent);

    [Theory]
    [InlineData("#111827", "#a9b0ba")]
    [InlineData("#ffd60a", "#ffd60a")]
    public async Task A_button_of_a_dark_accent_has_an_outline_in_the_dark(string accent, string expected)
    {
        var rendered = await _renderer.RenderAsync(Mails("Ada")[nameof(ApprovedEmail)], Acme with { AccentColor = accent });

        Assert.Contains($".button {{ border-color: {expected} !important; }}", rendered.Html, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryMail))]
    public async Task A_mail_survives_the_queue(string mail)
    {
        var original = Mails("Ada")[mail];
        var stored = JsonSerializer.Serialize(original);
        var restored = JsonSerializer.Deserialize<EmailTemplate>(stored)!;

        Assert.IsType(original.GetType(), restored);
        Assert.Equal(await _renderer.RenderAsync(original, Acme), await _renderer.RenderAsync(restored, Acme));
        Assert.DoesNotContain("Subject", stored, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mail_is_registered_and_an_unknown_one_is_refused()
    {
        var all = typeof(EmailTemplate).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(EmailTemplate)));

        Assert.Equal(all.Select(type => type.Name).Order(), Mails("Ada").Keys.Order());
        Assert.All(Mails("Ada").Values, mail => Assert.Contains("\"mail\":", JsonSerializer.Serialize(mail), StringComparison.Ordinal));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<EmailTemplate>("""{"mail":"unknown"}"""));
    }

    private static Dictionary<string, EmailTemplate> Mails(string fullName) => new()
    {
        [nameof(VerificationCodeEmail)] = new VerificationCodeEmail { FullName = fullName, Code = Code, MinutesValid = 10 },
        [nameof(ApprovedEmail)] = new ApprovedEmail { FullName = fullName, SetPasswordUrl = Link, HoursValid = 72 },
        [nameof(RejectedEmail)] = new RejectedEmail { FullName = fullName, Reason = "Full" },
        [nameof(MembershipEmail)] = new MembershipEmail { FullName = fullName, Change = MembershipChange.RoleChanged, Role = "reader", SignInUrl = Link },
        [nameof(SuperAdminEnteredEmail)] = new SuperAdminEnteredEmail { FullName = fullName, SuperAdmin = "root", Reason = "Ticket 4711", Write = true, EnteredAt = new DateTimeOffset(2030, 1, 2, 3, 4, 0, TimeSpan.Zero), Until = new DateTimeOffset(2030, 1, 2, 3, 4, 0, TimeSpan.Zero) },
        [nameof(OrganizationExportedEmail)] = new OrganizationExportedEmail { FullName = fullName, SuperAdmin = null, Reason = "Ticket 4712", ExportedAt = DateTimeOffset.UnixEpoch },
        [nameof(OrganizationCodeEmail)] = new OrganizationCodeEmail { FullName = fullName, OrganizationUrl = new Uri("https://acme.example.com"), Code = "482913", MinutesValid = 10 },
        [nameof(EndpointDisabledEmail)] = new EndpointDisabledEmail { FullName = fullName, EndpointId = Guid.Empty, Url = "https://example.com/hooks", Reason = WebhookDisabledReason.Gone, DisabledAt = DateTimeOffset.UnixEpoch },
        [nameof(WaitingMembersEmail)] = new WaitingMembersEmail { FullName = fullName, Count = 3, Longest = [new("Grace Hopper", 2), new(fullName, 1)], QueueUrl = Link },
        [nameof(InvitationEmail)] = new InvitationEmail { InvitedBy = fullName, AcceptUrl = Link, DaysValid = 7 },
        [nameof(AccountExistsEmail)] = new AccountExistsEmail { FullName = fullName, SignInUrl = Link },
        [nameof(ResetPasswordEmail)] = new ResetPasswordEmail { FullName = fullName, ResetPasswordUrl = Link, MinutesValid = 60 },
        [nameof(PasswordChangedEmail)] = new PasswordChangedEmail { FullName = fullName, Reset = true, ChangedAt = DateTimeOffset.UnixEpoch },
        [nameof(ChangeEmailCodeEmail)] = new ChangeEmailCodeEmail { FullName = fullName, Code = Code, MinutesValid = 10 },
        [nameof(EmailChangedEmail)] = new EmailChangedEmail { FullName = fullName, ChangedAt = DateTimeOffset.UnixEpoch },
        [nameof(NewSignInEmail)] = new NewSignInEmail { FullName = fullName, Device = "Firefox on Linux", SignedInAt = DateTimeOffset.UnixEpoch, IpAddress = "203.0.113.7" },
        [nameof(MfaChangedEmail)] = new MfaChangedEmail { FullName = fullName, Change = MfaChange.Reset, ChangedAt = DateTimeOffset.UnixEpoch },
    };
}
