using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Onboarding.Api.Tests.Features.ApiKeys;
using Onboarding.Api.Tests.Features.Billing;
using Onboarding.Api.Tests.Features.Domains;
using Onboarding.Api.Tests.Features.Mfa;
using Onboarding.Api.Tests.Features.Passkeys;
using Onboarding.Api.Tests.Features.Platform;
using Onboarding.Api.Tests.Features.SignUps;
using Onboarding.Api.Tests.Features.Webhooks;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Contract;

/// <summary>What really goes to and fro follows the document.</summary>
public sealed class ExchangeTests(ApiFixture fixture, ApiDocument document) : IClassFixture<ApiDocument>
{
    private const string Chosen = "eleven brass lanterns swaying";

    private static readonly string[] Nowhere = ["nowhere"];
    private static readonly string[] Keeping = [Permissions.ManageApiKeys];
    private static readonly string[] Everything = ["*"];
    private static readonly string[] Elsewhere = ["192.0.2.0/24"];

    private readonly ConcurrentBag<(string Operation, int Status)> seen = [];

    [Fact]
    public async Task Everything_said_from_a_registration_to_a_logout_and_by_an_admin_follows_the_document()
    {
        var organization = await fixture.OrganizationAsync();
        using var person = fixture.App.ClientFor(organization.Identifier, new CheckedExchanges(document, seen));
        using var admin = fixture.App.ClientFor(organization.Identifier, new CheckedExchanges(document, seen));
        admin.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.LoginAsync("admin")).Access());

        await SignUpAsync();
        await RegisterAsync(organization, person);
        var ada = await DecideAsync(organization, admin);
        await SetPasswordAsync(organization, person);
        await SignInAndOutAsync(organization, person);
        await RecoverAsync(organization, person);
        await ManageAsync(organization, admin, ada);
        await SettleAsync(organization, admin);
        await OwnDomainAsync(admin);
        await InviteAsync(organization, admin, person);
        await RuleAsync(organization, admin, ada);
        await KeysAsync(organization, admin);
        await WebhooksAsync(organization, admin);
        await BillingAsync(admin);
        await PasskeysAsync(organization);
        await PlatformAsync(organization);
        await SecondFactorsAsync(organization, admin);

        // Whoever adds an operation adds it here.
        var succeeded = seen.Where(exchange => exchange.Status < 300).Select(exchange => exchange.Operation).Distinct();
        Assert.Equal(document.Operations.Select(operation => $"{operation}").Order(), succeeded.Order());
    }

    private async Task PlatformAsync(TestOrganization organization)
    {
        using var superAdmin = fixture.App.ClientFor(null, new CheckedExchanges(document, seen));
        var one = await Operator.CreateAsync(fixture.App);
        var login = await (await superAdmin.PostAsJsonAsync("/platform/login", new { username = one.UserName, password = Operator.Password })).OkAsync();
        superAdmin.DefaultRequestHeaders.Authorization = new("Bearer", login.Access());
        foreach (var list in new[] { "/platform/me", "/platform/organizations?limit=2", $"/platform/organizations/{organization.Organization.Id}", "/platform/audit-log", "/platform/migrations", "/platform/dead-letters", $"/platform/organizations/{organization.Organization.Id}/audit-log/verification", "/platform/billing/troubles", "/platform/billing/callbacks?limit=1" })
        {
            await (await superAdmin.GetAsync(list)).OkAsync();
        }

        await organization.QueryAsync<long>($"UPDATE webhook_deliveries SET status = 'failed', finished_at = now(), next_attempt_at = NULL WHERE id = (SELECT id FROM webhook_deliveries LIMIT 1); SELECT 1::bigint");
        var path = $"/platform/organizations/{organization.Organization.Id}/dead-letters";
        var dead = (await (await superAdmin.GetAsync($"{path}?kind=webhook")).OkAsync()).GetProperty("data")[0].GetProperty("id").GetGuid();
        await (await superAdmin.PostAsJsonAsync($"{path}/replay", new { kind = "webhook", id = dead })).OkAsync(HttpStatusCode.Accepted);
        await (await superAdmin.EnterAsync(organization)).OkAsync();
        await (await superAdmin.SuspendAsync(organization)).OkAsync();
        await (await superAdmin.SuspendAsync(organization)).CodeAsync(HttpStatusCode.Conflict);
        await (await superAdmin.ReactivateAsync(organization)).OkAsync();
        await (await superAdmin.PutAsJsonAsync($"/platform/organizations/{organization.Organization.Id}/overrides", new { features = new { }, quotas = new { }, reason = "Nothing." })).OkAsync();
        var paths = $"/platform/organizations/{(await AddAsync()).GetProperty("organization").GetProperty("id").GetGuid()}";
        await (await superAdmin.GetAsync($"{paths}/export")).Content.ReadAsByteArrayAsync();
        await (await superAdmin.DeleteAsync(paths)).OkAsync(HttpStatusCode.Accepted);
        await (await superAdmin.PostAsync($"{paths}/restore", null)).OkAsync(HttpStatusCode.NoContent);
        await (await superAdmin.PostAsync($"{paths}/restore", null)).CodeAsync(HttpStatusCode.Conflict);
        var customer = await fixture.Stripe.CreateCustomerAsync("Made by hand");
        await fixture.Stripe.CreateSubscriptionAsync(customer, TestStripe.Monthly, quantity: 1);
        var told = fixture.Stripe.Events.Last(e => e.Type == "customer.subscription.created" && e.Json.Contains(customer, StringComparison.Ordinal));
        await Subscriber.DeliverAsync(fixture.App, fixture.Stripe, told);
        await (await superAdmin.PostAsJsonAsync("/platform/billing/callbacks/replay", new { event_id = "evt_nobody" })).CodeAsync(HttpStatusCode.NotFound);
        await (await superAdmin.PostAsJsonAsync($"{paths}/billing/link", new { customer })).OkAsync(HttpStatusCode.Accepted);
        await (await superAdmin.PostAsJsonAsync("/platform/billing/callbacks/replay", new { event_id = told.Id })).OkAsync(HttpStatusCode.Accepted);
        await (await superAdmin.PostAsync("/platform/logout", null)).OkAsync(HttpStatusCode.NoContent);

        async Task<System.Text.Json.JsonElement> AddAsync()
        {
            var identifier = SignUpSteps.NewIdentifier();
            return await (await superAdmin.PostAsJsonAsync("/platform/organizations", new { name = "Added", identifier, username = "ada", email = $"ada@{identifier}.test", full_name = "Ada Lovelace" })).OkAsync(HttpStatusCode.Created);
        }
    }

    private async Task OwnDomainAsync(HttpClient admin)
    {
        var domain = DomainSteps.NewDomain();
        await (await admin.AddDomainAsync("co.uk")).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.VerifyDomainAsync((await admin.ClaimAsync($"other.{domain}")).Id)).CodeAsync(HttpStatusCode.Conflict);
        var id = await admin.ProveDomainAsync(fixture.Dns, domain);
        await (await admin.AddDomainAsync(domain)).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.GetAsync("/organization/domains")).OkAsync();
        await (await admin.DeleteAsync($"/organization/domains/{id}")).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync($"/organization/domains/{id}")).CodeAsync(HttpStatusCode.NotFound);
    }

    private async Task SignUpAsync()
    {
        using var stranger = fixture.App.ClientFor(null, new CheckedExchanges(document, seen));
        var identifier = SignUpSteps.NewIdentifier();
        var email = $"ada@{identifier}.test";
        await (await stranger.CreateAsync("admin", email)).CodeAsync(HttpStatusCode.BadRequest);
        await (await stranger.LookUpAsync(identifier)).CodeAsync(HttpStatusCode.NotFound);
        var code = await stranger.CodeForAsync(fixture.Smtp, identifier, email);
        await (await stranger.VerifyAsync(identifier, email, code.Other())).CodeAsync(HttpStatusCode.BadRequest);
        await (await stranger.VerifyAsync(identifier, email, code)).OkAsync();
        await (await stranger.LookUpAsync(identifier)).OkAsync();
        await (await stranger.CreateAsync(identifier, email)).CodeAsync(HttpStatusCode.Conflict);
    }

    private async Task RegisterAsync(TestOrganization organization, HttpClient person)
    {
        var email = organization.EmailOf("ada");
        await (await person.PostAsJsonAsync("/register", new { username = "ada" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync("/register", new { username = "ada", email, full_name = "Ada Lovelace" })).OkAsync(HttpStatusCode.Accepted);
        var first = await fixture.Smtp.WaitForAsync(email);
        await (await person.PostAsJsonAsync("/resend-otp", new { email })).OkAsync(HttpStatusCode.Accepted);
        var code = (await fixture.Smtp.WaitForAsync(email, mail => mail.MessageId != first.MessageId)).Code;
        await (await person.PostAsJsonAsync("/verify-otp", new { email, otp = code.Other() })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync("/verify-otp", new { email, otp = code })).OkAsync();
        await (await person.PostAsJsonAsync("/login", new { username = "ada", password = TestOrganization.Password })).CodeAsync(HttpStatusCode.Unauthorized);
    }

    private static async Task<string> DecideAsync(TestOrganization organization, HttpClient admin)
    {
        var (grace, linus, alan) = (await organization.AddPendingAsync("grace"), await organization.AddPendingAsync("linus"), await organization.AddPendingAsync("alan"));
        var id = (await (await admin.GetAsync("/admin-dashboard?search=ada&sort=newest")).OkAsync()).GetProperty("data")[0].GetProperty("id").GetString()!;
        await (await admin.GetAsync("/admin-dashboard?limit=0")).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.GetAsync("/admin-dashboard?status=nobody")).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve", role = "nobody" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve" })).OkAsync();
        await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id, action = "approve" })).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PatchAsJsonAsync("/admin-dashboard", new { id = Guid.Empty, action = "reject" })).CodeAsync(HttpStatusCode.NotFound);
        await (await admin.PatchAsJsonAsync("/admin-dashboard", new { ids = new[] { $"{alan}", id, $"{Guid.Empty}" }, action = "reject", reason = "Not one of us." })).OkAsync();
        await (await admin.PostAsJsonAsync($"/members/{grace}/approve", new { note = "Known to us.", role = "admin" })).OkAsync();
        await (await admin.PostAsJsonAsync($"/members/{linus}/reject", new { reason = "Not one of us.", block = true })).OkAsync();
        await (await admin.PostAsJsonAsync($"/members/{linus}/reject", new { reason = "Again." })).CodeAsync(HttpStatusCode.Conflict);
        return id;
    }

    private async Task SetPasswordAsync(TestOrganization organization, HttpClient person)
    {
        var mail = await fixture.Smtp.WaitForAsync(organization.EmailOf("ada"), mail => mail.Text.Contains("set-password", StringComparison.Ordinal));
        var path = mail.Link.AbsolutePath;
        await (await person.PostAsJsonAsync(path, new { password = "password1234" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync(path, new { password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);
        await (await person.PostAsJsonAsync(path, new { password = TestOrganization.Password })).CodeAsync(HttpStatusCode.NotFound);
    }

    private static async Task SignInAndOutAsync(TestOrganization organization, HttpClient person)
    {
        await (await person.GetAsync("/.well-known/jwks.json")).OkAsync();
        await (await person.GetAsync("/me")).CodeAsync(HttpStatusCode.Unauthorized);
        var other = await (await person.PostAsJsonAsync("/login", new { username = organization.EmailOf("ada"), password = TestOrganization.Password })).OkAsync();
        var tokens = await (await person.PostAsJsonAsync("/login", new { username = "ada", password = TestOrganization.Password })).OkAsync();
        tokens = await (await person.PostAsJsonAsync("/refresh", new { refresh = tokens.Refresh() })).OkAsync();
        person.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());

        await (await person.GetAsync("/me")).OkAsync();
        await (await person.PatchAsJsonAsync("/me", new { full_name = "Ada King" })).OkAsync();
        await (await person.GetAsync("/me/sessions?limit=1")).OkAsync();
        var sessions = (await (await person.GetAsync("/me/sessions")).OkAsync()).GetProperty("data");
        var ended = sessions.EnumerateArray().First(session => !session.GetProperty("current").GetBoolean()).GetProperty("id").GetString();
        await (await person.DeleteAsync($"/me/sessions/{ended}")).OkAsync(HttpStatusCode.NoContent);
        await (await person.DeleteAsync($"/me/sessions/{Guid.Empty}")).CodeAsync(HttpStatusCode.NotFound);
        await (await person.PostAsJsonAsync("/refresh", new { refresh = other.Refresh() })).CodeAsync(HttpStatusCode.Unauthorized);
        await (await person.GetAsync("/admin-dashboard")).CodeAsync(HttpStatusCode.Forbidden);
        await (await person.PostAsJsonAsync("/me/password", new { current_password = "not the current one", password = Chosen })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync("/me/password", new { current_password = TestOrganization.Password, password = Chosen })).OkAsync(HttpStatusCode.NoContent);
        var moved = organization.EmailOf("ada.moved");
        await (await person.PostAsJsonAsync("/me/email", new { email = "nonsense" })).CodeAsync(HttpStatusCode.BadRequest);
        var code = (await organization.MailOfAsync(moved, () => person.PostAsJsonAsync("/me/email", new { email = moved }))).Code;
        await (await person.PostAsJsonAsync("/me/email/confirm", new { otp = code.Other() })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync("/me/email/confirm", new { otp = code })).OkAsync();
        await (await person.PostAsJsonAsync("/logout", new { refresh = tokens.Refresh() })).OkAsync(HttpStatusCode.NoContent);
        await (await person.GetAsync("/me")).CodeAsync(HttpStatusCode.Unauthorized);
    }

    private static async Task RecoverAsync(TestOrganization organization, HttpClient person)
    {
        person.DefaultRequestHeaders.Authorization = null;
        var mail = await organization.MailOfAsync(organization.EmailOf("ada.moved"), () => person.PostAsJsonAsync("/forgot-password", new { email = organization.EmailOf("ada.moved") }), "reset-password");
        await (await person.PostAsJsonAsync(mail.Link.AbsolutePath, new { password = "password1234" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync(mail.Link.AbsolutePath, new { password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);
        await (await person.PostAsJsonAsync(mail.Link.AbsolutePath, new { password = TestOrganization.Password })).CodeAsync(HttpStatusCode.NotFound);
    }

    private static async Task ManageAsync(TestOrganization organization, HttpClient admin, string ada)
    {
        var (approved, _) = await organization.AddApprovedAsync("edsger");
        await (await admin.GetAsync("/members?limit=1")).OkAsync();
        await (await admin.GetAsync($"/members?cursor=nonsense")).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.GetAsync($"/members/{ada}")).OkAsync();
        await (await admin.GetAsync($"/members/{Guid.Empty}")).CodeAsync(HttpStatusCode.NotFound);
        await (await admin.PostAsync($"/members/{approved}/resend-set-password", null)).OkAsync();
        await (await admin.PostAsJsonAsync($"/members/{ada}/suspend", new { reason = "On leave." })).OkAsync();
        await (await admin.PostAsJsonAsync($"/members/{ada}/suspend", new { })).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsync($"/members/{ada}/reactivate", null)).OkAsync();
        await (await admin.PutAsJsonAsync($"/members/{ada}/role", new { role = "admin" })).OkAsync();
        await (await admin.PutAsJsonAsync($"/members/{ada}/role", new { role = "nobody" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.GetAsync($"/members/{organization.AdminId}/sessions?limit=1")).OkAsync();
        await (await admin.GetAsync($"/members/{Guid.Empty}/sessions")).CodeAsync(HttpStatusCode.NotFound);
        await (await admin.DeleteAsync($"/members/{ada}/sessions")).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync($"/members/{Guid.Empty}/sessions")).CodeAsync(HttpStatusCode.NotFound);
        await (await admin.GetAsync("/audit-log?limit=100")).OkAsync();
        await (await admin.GetAsync("/audit-log/verification")).OkAsync();
    }

    private async Task PasskeysAsync(TestOrganization organization)
    {
        await organization.AddActiveAsync("keen", Roles.User);
        using var person = fixture.App.ClientFor(organization.Identifier, new CheckedExchanges(document, seen));
        using var authenticator = new SoftAuthenticator(organization);
        person.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.LoginAsync("keen")).Access());
        await (await person.TryAddPasskeyAsync(authenticator)).OkAsync(HttpStatusCode.Created);
        await (await person.TryAddPasskeyAsync(authenticator)).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.GetAsync("/me/passkeys")).OkAsync();
        await (await person.PatchAsJsonAsync($"/me/passkeys/{authenticator.IdText}", new { name = "Phone" })).OkAsync();
        await (await person.PatchAsJsonAsync("/me/passkeys/AAAA", new { name = "Phone" })).CodeAsync(HttpStatusCode.NotFound);

        var begun = await (await person.PostAsync("/login/passkey/options", null)).OkAsync();
        var (token, credential) = (begun.GetProperty("passkey_token").GetString(), authenticator.Get(begun.GetProperty("options")));
        await (await person.PostAsJsonAsync("/login/passkey", new { passkey_token = token, credential })).OkAsync();
        await (await person.PostAsJsonAsync("/login/passkey", new { passkey_token = token, credential })).CodeAsync(HttpStatusCode.Unauthorized);

        var mfa = (await (await person.PostAsJsonAsync("/login", new { username = "keen", password = TestOrganization.Password })).OkAsync()).GetProperty("mfa_token").GetString();
        await (await person.PostAsJsonAsync("/login/mfa/passkey/options", new { mfa_token = "nonsense" })).CodeAsync(HttpStatusCode.Unauthorized);
        await (await person.PostAsJsonAsync("/login/mfa/passkey", new { mfa_token = mfa, credential })).CodeAsync(HttpStatusCode.Unauthorized);
        var options = (await (await person.PostAsJsonAsync("/login/mfa/passkey/options", new { mfa_token = mfa })).OkAsync()).GetProperty("options");
        var tokens = await (await person.PostAsJsonAsync("/login/mfa/passkey", new { mfa_token = mfa, credential = authenticator.Get(options) })).OkAsync();
        person.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        await (await person.DeleteAsync("/me/passkeys/AAAA")).CodeAsync(HttpStatusCode.NotFound);
        await (await person.DeleteAsync($"/me/passkeys/{authenticator.IdText}")).OkAsync(HttpStatusCode.NoContent);
    }

    private async Task SecondFactorsAsync(TestOrganization organization, HttpClient admin)
    {
        using var person = fixture.App.ClientFor(organization.Identifier, new CheckedExchanges(document, seen));
        async Task<string> BeginAsync() => (await (await person.PostAsJsonAsync("/login", new { username = "user", password = TestOrganization.Password })).OkAsync()).GetProperty("mfa_token").GetString()!;

        person.DefaultRequestHeaders.Authorization = new("Bearer", (await organization.LoginAsync("user")).Access());
        await (await person.PostAsJsonAsync("/me/mfa/totp/confirm", new { code = "123456" })).CodeAsync(HttpStatusCode.Conflict);
        var app = await organization.EnableMfaAsync(person);
        await (await person.PostAsync("/me/mfa/totp", null)).CodeAsync(HttpStatusCode.Conflict);
        await (await person.PostAsJsonAsync("/login/mfa", new { mfa_token = "nonsense", code = "123456" })).CodeAsync(HttpStatusCode.Unauthorized);
        await (await person.PostAsJsonAsync("/login/mfa", new { mfa_token = await BeginAsync(), code = "nonsense" })).CodeAsync(HttpStatusCode.Unauthorized);
        var tokens = await (await person.PostAsJsonAsync("/login/mfa", new { mfa_token = await BeginAsync(), code = app.RecoveryCodes[0], remember_device = true })).OkAsync();
        person.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access());
        await (await person.PostAsJsonAsync("/login", new { username = "user", password = TestOrganization.Password, device_token = tokens.GetProperty("device_token").GetString() })).OkAsync();
        await (await person.PostAsync("/me/mfa/recovery-codes", null)).OkAsync();

        var device = (await (await person.GetAsync("/me/devices")).OkAsync()).GetProperty("data")[0].GetProperty("id").GetString();
        await (await person.DeleteAsync($"/me/devices/{device}")).OkAsync(HttpStatusCode.NoContent);
        await (await person.DeleteAsync($"/me/devices/{device}")).CodeAsync(HttpStatusCode.NotFound);
        await (await person.DeleteAsync("/me/mfa/totp")).OkAsync(HttpStatusCode.NoContent);
        await (await person.DeleteAsync("/me/mfa/totp")).CodeAsync(HttpStatusCode.Conflict);

        await organization.EnableMfaAsync(person);
        await (await admin.GetAsync("/members?mfa=missing&limit=1")).OkAsync();
        await (await admin.PostAsync($"/members/{organization.UserId}/reset-mfa", null)).OkAsync();
        await (await admin.PostAsync($"/members/{organization.UserId}/reset-mfa", null)).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsync($"/members/{organization.AdminId}/reset-mfa", null)).CodeAsync(HttpStatusCode.Forbidden);
        await organization.RequireMfaAsync(admin, graceDays: 0);
        await (await admin.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden);
        var affected = await (await person.PostAsJsonAsync("/login", new { username = "user", password = TestOrganization.Password })).OkAsync();
        await (await person.PostAsJsonAsync("/refresh", new { refresh = affected.Refresh() })).OkAsync();
    }

    private static async Task SettleAsync(TestOrganization organization, HttpClient admin)
    {
        await (await admin.GetAsync("/permissions")).OkAsync();
        await admin.DefineRoleAsync("recruiter", Permissions.ApproveMembers);
        await (await admin.PostAsJsonAsync("/roles", new { name = "recruiter", permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsJsonAsync("/roles", new { name = "owner", permissions = Array.Empty<string>() })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PatchAsJsonAsync("/roles/recruiter", new { permissions = new[] { Permissions.ReadMembers }, description = "Reads." })).OkAsync();
        await (await admin.PatchAsJsonAsync("/roles/nobody", new { })).CodeAsync(HttpStatusCode.NotFound);
        await (await admin.GetAsync("/roles")).OkAsync();
        await (await admin.DeleteAsync("/roles/admin")).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.DeleteAsync("/roles/recruiter")).OkAsync(HttpStatusCode.NoContent);

        await (await admin.GetAsync("/organization")).OkAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { name = "Renamed", branding = new { accent_color = "#0f766e" }, security = new { require_mfa = true, mfa_grace_days = 30 } })).OkAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { require_mfa = false } })).OkAsync();
        await (await admin.PatchAsJsonAsync("/organization", new { branding = new { accent_color = "#7a7a7a" } })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PatchAsJsonAsync("/organization", new { security = new { sign_in_methods = new[] { organization.Identifier } } })).CodeAsync(HttpStatusCode.BadRequest);
    }

    private async Task BillingAsync(HttpClient admin)
    {
        await (await admin.GetAsync("/billing/plans")).OkAsync();
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/audit-log/export?action=session.started")).StatusCode);
        await (await admin.GetAsync("/features")).OkAsync();
        await (await admin.GetAsync("/billing/usage")).OkAsync();
        await (await admin.GetAsync("/billing/subscription")).OkAsync();
        await (await admin.PostAsync("/billing/portal", null)).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsync("/billing/cancel", null)).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsJsonAsync("/billing/change/preview", new { plan = "premium", interval = "year" })).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsJsonAsync("/billing/checkout", new { plan = "nothing" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium", interval = "week" })).CodeAsync(HttpStatusCode.BadRequest);
        var url = (await (await admin.PostAsJsonAsync("/billing/checkout", new { plan = "premium" })).OkAsync()).GetProperty("url").GetString()!;
        var session = url[(url.LastIndexOf('/') + 1)..];
        await fixture.Stripe.PayCheckoutAsync(session);
        await (await admin.GetAsync("/billing/return?checkout=cs_of_nobody")).CodeAsync(HttpStatusCode.NotFound);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync($"/billing/return?checkout={session}")).StatusCode);
        await (await admin.PostAsync("/billing/subscription/refresh", null)).OkAsync(HttpStatusCode.Accepted);
        await PhaseAsync(admin, "trial");
        var preview = await (await admin.PostAsJsonAsync("/billing/change/preview", new { plan = "premium", interval = "year" })).OkAsync();
        await (await admin.PostAsJsonAsync("/billing/change", new { plan = "premium", interval = "year", at = "2020-01-01T00:00:00Z" })).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsJsonAsync("/billing/change", new { plan = "premium", interval = "year", at = preview.GetProperty("at").GetString() })).OkAsync(HttpStatusCode.Accepted);
        await (await admin.PostAsync("/billing/portal", null)).OkAsync();
        await (await admin.PostAsync("/billing/cancel", null)).OkAsync(HttpStatusCode.Accepted);
        await PhaseAsync(admin, "ending");
        await (await admin.PostAsync("/billing/resume", null)).OkAsync(HttpStatusCode.Accepted);
        var invoice = (await (await admin.GetAsync("/billing/invoices?limit=1")).OkAsync()).GetProperty("data")[0].GetProperty("id").GetString();
        await (await admin.GetAsync($"/billing/invoices/{invoice}")).OkAsync();
        await (await admin.GetAsync($"/billing/invoices/{Guid.Empty}")).CodeAsync(HttpStatusCode.NotFound);

        // Its body is Stripe's, and none of this document's.
        Assert.Equal(HttpStatusCode.OK, (await Subscriber.DeliverAsync(fixture.App, fixture.Stripe, fixture.Stripe.Events[^1])).StatusCode);
        seen.Add(("POST /billing/stripe/webhook", 200));
    }

    private static Task PhaseAsync(HttpClient admin, string phase) => Eventually.HoldsAsync(
        async () => (await (await admin.GetAsync("/billing/subscription")).OkAsync()).GetProperty("phase").GetString() == phase, $"the phase is {phase}");

    private async Task KeysAsync(TestOrganization organization, HttpClient admin)
    {
        foreach (var path in new[] { "/api-keys", "/me/api-keys" })
        {
            var scopes = new[] { Permissions.ApproveMembers };
            await (await admin.PostAsJsonAsync(path, new { name = "Printer", scopes, allowed_networks = Nowhere })).CodeAsync(HttpStatusCode.BadRequest);
            await (await admin.PostAsJsonAsync(path, new { name = "Printer", scopes = Nowhere })).CodeAsync(HttpStatusCode.BadRequest);
            await (await admin.PostAsJsonAsync(path, new { name = "Printer", scopes = Keeping })).CodeAsync(HttpStatusCode.BadRequest);
            var key = (await (await admin.PostAsJsonAsync(path, new { name = "Printer", scopes, rate_limit = 3 })).OkAsync(HttpStatusCode.Created)).Issued();
            await (await admin.PostAsJsonAsync(path, new { name = "Other", scopes })).OkAsync(HttpStatusCode.Created);
            await (await admin.GetAsync($"{path}?limit=1")).OkAsync();
            await (await admin.GetAsync($"{path}/{key.Id}")).OkAsync();
            await (await admin.GetAsync($"{path}/{Guid.Empty}")).CodeAsync(HttpStatusCode.NotFound);
            key = (await (await admin.PostAsJsonAsync($"{path}/{key.Id}/rotate", new { overlap_minutes = 5 })).OkAsync()).Issued();

            using var machine = fixture.App.ClientFor(null, new CheckedExchanges(document, seen));
            machine.DefaultRequestHeaders.Add("X-Api-Key", key.Key);
            await (await machine.GetAsync("/admin-dashboard")).OkAsync();
            await (await machine.GetAsync("/members")).CodeAsync(HttpStatusCode.Forbidden);
            await (await machine.GetAsync("/me")).CodeAsync(HttpStatusCode.Forbidden);
            await (await machine.GetAsync(path)).CodeAsync(HttpStatusCode.Forbidden);
            await (await machine.GetAsync("/admin-dashboard")).OkAsync();
            await (await machine.GetAsync("/admin-dashboard")).CodeAsync(HttpStatusCode.TooManyRequests);
            await (await admin.PatchAsJsonAsync($"{path}/{key.Id}", new { name = "Renamed", allowed_networks = Elsewhere })).OkAsync();
            await (await machine.GetAsync("/admin-dashboard")).CodeAsync(HttpStatusCode.Forbidden);

            await (await admin.GetAsync($"{path}/{key.Id}/usage?days=7")).OkAsync();
            await (await admin.DeleteAsync($"{path}/{key.Id}")).OkAsync(HttpStatusCode.NoContent);
            await (await admin.PatchAsJsonAsync($"{path}/{key.Id}", new { name = "Again" })).CodeAsync(HttpStatusCode.Conflict);
            await (await machine.GetAsync("/admin-dashboard")).CodeAsync(HttpStatusCode.Unauthorized);
        }
    }

    private static async Task WebhooksAsync(TestOrganization organization, HttpClient admin)
    {
        await using var receiver = await TestReceiver.StartAsync();
        await (await admin.GetAsync("/webhooks/event-types")).OkAsync();
        await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = "ftp://example.com", event_types = Everything })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = Nowhere })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = Everything, headers = new { host = "x" } })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PostAsJsonAsync("/webhooks/endpoints", new { url = receiver.Url, event_types = Everything, signature = "v1a", headers = new { authorization = "x" } })).OkAsync(HttpStatusCode.Created);
        var (id, _) = await admin.AddEndpointAsync(receiver.Url);
        var endpoint = $"/webhooks/endpoints/{id}";
        await (await admin.GetAsync("/webhooks/endpoints?limit=1")).OkAsync();
        await (await admin.GetAsync(endpoint)).OkAsync();
        await (await admin.GetAsync($"/webhooks/endpoints/{Guid.Empty}")).CodeAsync(HttpStatusCode.NotFound);
        await (await admin.PatchAsJsonAsync(endpoint, new { description = "CRM", rate_limit = 0 })).OkAsync();
        await (await admin.PostAsJsonAsync($"{endpoint}/rotate-secret", new { })).OkAsync();
        await (await admin.PostAsync($"{endpoint}/disable", null)).OkAsync();
        await (await admin.PostAsync($"{endpoint}/test", null)).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.PostAsync($"{endpoint}/enable", null)).OkAsync();

        var message = (await (await admin.PostAsync($"{endpoint}/test", null)).OkAsync(HttpStatusCode.Accepted)).GetProperty("message_id").GetGuid();
        await receiver.WaitForAsync(all => all.Any(r => r.Id == message.HeaderId()), "the example");
        await Eventually.HoldsAsync(async () => await organization.CountAsync($"webhook_deliveries WHERE message_id = '{message}' AND status = 'delivered'") == 1, "it is recorded");
        await (await admin.GetAsync("/webhooks/messages?limit=1&type=endpoint.tested")).OkAsync();
        await (await admin.GetAsync($"/webhooks/messages/{message}")).OkAsync();
        await (await admin.GetAsync($"/webhooks/messages/{Guid.Empty}")).CodeAsync(HttpStatusCode.NotFound);
        var delivery = (await (await admin.GetAsync($"/webhooks/deliveries?message_id={message}")).OkAsync()).GetProperty("data")[0].GetProperty("id").GetString();
        await (await admin.GetAsync($"/webhooks/deliveries/{delivery}")).OkAsync();
        await (await admin.GetAsync($"/webhooks/deliveries/{delivery}/attempts")).OkAsync();
        await (await admin.PostAsync($"/webhooks/deliveries/{delivery}/skip", null)).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.GetAsync($"{endpoint}/stats")).OkAsync();
        await (await admin.PostAsJsonAsync($"{endpoint}/recover", new { since = "2026-01-01T00:00:00Z" })).OkAsync(HttpStatusCode.Accepted);

        receiver.Answer = _ => new(500);
        await (await admin.PostAsync($"/webhooks/deliveries/{delivery}/resend", null)).OkAsync(HttpStatusCode.Accepted);
        await Eventually.HoldsAsync(async () => await organization.CountAsync($"webhook_deliveries WHERE id = '{delivery}' AND attempts = 2") == 1, "it failed");
        await (await admin.GetAsync($"/webhooks/deliveries?status=pending&endpoint_id={id}")).OkAsync();
        await (await admin.PostAsync($"/webhooks/deliveries/{delivery}/skip", null)).OkAsync();
        await (await admin.DeleteAsync(endpoint)).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync(endpoint)).CodeAsync(HttpStatusCode.NotFound);
    }

    private async Task InviteAsync(TestOrganization organization, HttpClient admin, HttpClient person)
    {
        var (email, other) = (organization.EmailOf("invited"), organization.EmailOf("other"));
        await (await admin.PostAsJsonAsync("/invitations", new { email, role = "nobody" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PostAsJsonAsync("/invitations", new { email, role = "admin" })).OkAsync(HttpStatusCode.Created);
        var results = (await (await admin.PostAsJsonAsync("/invitations", new { invitations = new object[] { new { email = other }, new { email = organization.EmailOf("admin") } } })).OkAsync()).GetProperty("results");
        var id = results[0].GetProperty("id").GetString();
        await (await admin.PostAsync($"/invitations/{id}/resend", null)).OkAsync();
        await (await admin.GetAsync("/invitations?limit=1&status=open")).OkAsync();
        await (await admin.GetAsync("/invitations?status=nothing")).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.DeleteAsync($"/invitations/{id}")).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync($"/invitations/{id}")).CodeAsync(HttpStatusCode.Conflict);

        person.DefaultRequestHeaders.Authorization = null;
        var path = (await fixture.Smtp.WaitForAsync(email)).Link.AbsolutePath;
        await (await person.PostAsJsonAsync(path, new { username = "invited", full_name = "In Vited", password = "password1234" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await person.PostAsJsonAsync(path, new { username = "admin", full_name = "In Vited", password = TestOrganization.Password })).CodeAsync(HttpStatusCode.Conflict);
        await (await person.PostAsJsonAsync(path, new { username = "invited", full_name = "In Vited", password = TestOrganization.Password })).OkAsync(HttpStatusCode.NoContent);
        await (await person.PostAsJsonAsync(path, new { username = "invited", full_name = "In Vited", password = TestOrganization.Password })).CodeAsync(HttpStatusCode.NotFound);
    }
    private static async Task RuleAsync(TestOrganization organization, HttpClient admin, string ada)
    {
        await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "gmail.com", action = "approve" })).CodeAsync(HttpStatusCode.BadRequest);
        await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "approve", role = "admin" })).CodeAsync(HttpStatusCode.Forbidden);
        await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "refused.example", action = "refuse" })).OkAsync(HttpStatusCode.Created);
        var rule = await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "approve", role = "user" })).OkAsync(HttpStatusCode.Created);
        await (await admin.PostAsJsonAsync("/approval-rules", new { domain = "example.com", action = "queue" })).CodeAsync(HttpStatusCode.Conflict);
        await (await admin.GetAsync("/approval-rules?limit=1")).OkAsync();
        foreach (var email in new[] { "a@example.com", "a@refused.example", organization.EmailOf("nobody") })
        {
            await (await admin.PostAsJsonAsync("/approval-rules/simulate", new { email })).OkAsync();
        }

        await (await admin.DeleteAsync($"/approval-rules/{rule.GetProperty("id")}")).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync($"/approval-rules/{rule.GetProperty("id")}")).CodeAsync(HttpStatusCode.NotFound);

        await (await admin.DeleteAsync($"/members/{ada}")).OkAsync(HttpStatusCode.NoContent);
        await (await admin.DeleteAsync($"/members/{ada}")).CodeAsync(HttpStatusCode.Conflict);
    }
}
