using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Organizations;

/// <param name="LogoUrl">An https address; null shows the name.</param>
/// <param name="AccentColor"><c>#rrggbb</c>.</param>
public sealed record BrandingResponse(string? LogoUrl, string AccentColor);

/// <param name="MfaRequiredFrom">From when on members without a second factor can do nothing but set one up.</param>
/// <param name="SessionIdleMinutes">Null is the product's own limit; so are the others.</param>
public sealed record SecurityPolicyResponse(
    bool RequireMfa, DateTimeOffset? MfaRequiredFrom, int? SessionIdleMinutes, int? SessionAbsoluteMinutes, int? MinPasswordLength, IReadOnlyList<SignInMethod> SignInMethods);

public sealed record OrganizationResponse(Guid Id, string Identifier, string Name, string Plan, BrandingResponse Branding, SecurityPolicyResponse Security)
{
    internal static readonly OrganizationResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-0000000000aa"), "acme", "Acme", "premium",
        new("https://acme.example/logo.png", "#2f5bea"),
        new(true, DateTimeOffset.UnixEpoch.AddDays(7), 1440, 43200, 15, [SignInMethod.Password, SignInMethod.Passkey]));
}

/// <summary>The organization's name, branding and security policy.</summary>
internal sealed class GetOrganization(TenantDbContext db)
{
    public static void Map(RouteGroupBuilder group) => group
        .MapGet("", (GetOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .RequireAuthorization(Permissions.ManageOrganization)
        .WithSummary("Get the organization")
        .WithExample(response: OrganizationResponse.Example);

    // From the schema and not from memory: whoever has just changed it sees the change, whichever node answers.
    public async Task<Ok<OrganizationResponse>> HandleAsync(CancellationToken cancellationToken)
    {
        var organization = db.Organization!;
        var settings = await db.Settings.AsNoTracking().SingleAsync(cancellationToken);
        return TypedResults.Ok(new OrganizationResponse(
            organization.Key, organization.Identifier, settings.Name ?? organization.Name, organization.Plan,
            new(settings.LogoUrl, settings.AccentColor ?? organization.AccentColor),
            new(settings.MfaRequiredFrom is not null, settings.MfaRequiredFrom, settings.SessionIdleMinutes, settings.SessionAbsoluteMinutes, settings.MinPasswordLength, settings.SignInMethods)));
    }
}
