using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Emails;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Organizations;

/// <param name="LogoUrl">An https address that mail clients can reach; null shows the name.</param>
/// <param name="AccentColor"><c>#rrggbb</c> on which black or white text reads well; null is the product's own.</param>
public sealed record BrandingRequest(
    [property: StringLength(500), Url] string? LogoUrl = null,
    [property: RegularExpression("#[0-9a-fA-F]{6}", ErrorMessage = "A colour is # and six hexadecimal digits.")] string? AccentColor = null);

/// <param name="RequireMfa">Whether members need a second factor; left out, that stays.</param>
/// <param name="MfaGraceDays">How long they have to set one up, from now on; left out, a requirement that is new gives 7 days and one that stands keeps its date.</param>
/// <param name="SessionIdleMinutes">After so long unused a session ends; null is the product's own limit, and so are the others.</param>
/// <param name="SignInMethods">At least one; left out, they stay.</param>
public sealed record SecurityPolicyRequest(
    bool? RequireMfa = null,
    [property: Range(0, 90)] int? MfaGraceDays = null,
    [property: Range(OrganizationSettings.LeastMinutes, OrganizationSettings.MostIdleMinutes)] int? SessionIdleMinutes = null,
    [property: Range(OrganizationSettings.LeastMinutes, OrganizationSettings.MostAbsoluteMinutes)] int? SessionAbsoluteMinutes = null,
    [property: Range(OrganizationSettings.LeastPasswordLength, OrganizationSettings.MostPasswordLength)] int? MinPasswordLength = null,
    [property: Length(1, 10)] IReadOnlyList<SignInMethod>? SignInMethods = null);

/// <param name="Name">Left out, it stays.</param>
/// <param name="Branding">Replaced as a whole; left out, it stays.</param>
/// <param name="Security">Its limits are replaced as a whole; left out, it stays.</param>
public sealed record ChangeOrganizationRequest(
    [property: StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string? Name = null,
    BrandingRequest? Branding = null,
    SecurityPolicyRequest? Security = null);

/// <summary>Changes name, branding and security policy. Sign-ins and mails follow at once, on every node.</summary>
internal sealed class ChangeOrganization(TenantDbContext db, ChangingSettings changing, SecondFactors factors, FeatureAccess features, GetOrganization get, RequestActor actor, TimeProvider clock)
{
    private const int GraceDays = 7;

    public static void Map(RouteGroupBuilder group) => group
        .MapPatch("", (ChangeOrganizationRequest request, ChangeOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.ManageOrganization)
        .WithSummary("Change the organization")
        .WithExample(
            new ChangeOrganizationRequest("Acme", new("https://acme.example/logo.png", "#2f5bea"), new(RequireMfa: true, MfaGraceDays: 7, SessionIdleMinutes: 1440, SessionAbsoluteMinutes: 43200, MinPasswordLength: 15)),
            OrganizationResponse.Example)
        .WithErrors(("logo_url.invalid", 400), ("accent_color.contrast", 400), (FeatureGate.Code, 403), ("sign_in_method.needed", 409));

    public async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> HandleAsync(ChangeOrganizationRequest request, CancellationToken cancellationToken)
    {
        if ((Refusal(request.Branding) ?? Refusal(request.Security) ?? await PlanRefusalAsync(request.Branding)) is { } refusal)
        {
            return refusal;
        }

        var problem = await changing.RunAsync(
            async settings =>
            {
                if (request.Security?.SignInMethods?.Contains(SignInMethod.Password) == false && (actor.OnBehalfOf is not { } member || !await factors.HasPasskeyAsync(member, cancellationToken)))
                {
                    return Problems.Conflict("sign_in_method.needed", "Add a passkey of your own first, or nobody could sign in any more.");
                }

                if (settings.Change(Change(request, settings), clock.GetUtcNow()) is { } changed)
                {
                    db.Record(changed, actor.ToActor());
                }

                return null;
            },
            cancellationToken);
        return problem is not null ? problem : await get.HandleAsync(cancellationToken);
    }

    // To go back to the product's own is everybody's.
    private async Task<ProblemHttpResult?> PlanRefusalAsync(BrandingRequest? branding) =>
        branding is null or { LogoUrl: null, AccentColor: null or Organization.DefaultAccentColor } ? null : await features.RefusalAsync(FeatureNames.CustomBranding);

    private static ProblemHttpResult? Refusal(BrandingRequest? branding)
    {
        if (branding?.LogoUrl is { } logo && !OrganizationSettings.IsLogo(logo))
        {
            return Problems.BadRequest("logo_url.invalid", "A logo needs an https address with a public host name; mail clients load nothing else.");
        }

        return branding?.AccentColor is { } color && !Contrast.IsReadable(color)
            ? Problems.BadRequest("accent_color.contrast", "Neither dark nor white text reads well on this colour (WCAG 2.2 asks for 4.5:1). Choose a darker or a lighter one.")
            : null;
    }

    private static ProblemHttpResult? Refusal(SecurityPolicyRequest? security) => security switch
    {
        { SessionIdleMinutes: { } idle, SessionAbsoluteMinutes: { } absolute } when idle > absolute =>
            Problems.Invalid("security.session_idle_minutes", "A session cannot lie unused for longer than it lasts."),
        { SignInMethods: { } methods } when methods.Distinct().Count() != methods.Count => Problems.Invalid("security.sign_in_methods", "A method is there twice."),
        _ => null,
    };

    private SettingsChange Change(ChangeOrganizationRequest request, OrganizationSettings now)
    {
        var change = new SettingsChange(Name: request.Name?.Trim());
        if (request.Branding is { } branding)
        {
            change = change with { LogoUrl = new(branding.LogoUrl), AccentColor = branding.AccentColor ?? Organization.DefaultAccentColor };
        }

        return request.Security is not { } security ? change : change with
        {
            MfaRequiredFrom = new(security.RequireMfa ?? now.MfaRequiredFrom is not null ? RequiredFrom(security, now) : null),
            SessionIdleMinutes = new(security.SessionIdleMinutes),
            SessionAbsoluteMinutes = new(security.SessionAbsoluteMinutes),
            MinPasswordLength = new(security.MinPasswordLength),
            SignInMethods = security.SignInMethods?.Order().ToList(),
        };
    }

    private DateTimeOffset RequiredFrom(SecurityPolicyRequest security, OrganizationSettings now) => (security.MfaGraceDays, now.MfaRequiredFrom) switch
    {
        ({ } days, _) => clock.GetUtcNow().AddDays(days),
        (null, { } standing) => standing,
        _ => clock.GetUtcNow().AddDays(GraceDays),
    };
}
