using Onboarding.Api.Features.Account;
using Onboarding.Api.Features.ApiKeys;
using Onboarding.Api.Features.ApprovalRules;
using Onboarding.Api.Features.Approvals;
using Onboarding.Api.Features.AuditLog;
using Onboarding.Api.Features.Billing;
using Onboarding.Api.Features.CustomRoles;
using Onboarding.Api.Features.Domains;
using Onboarding.Api.Features.Invitations;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Features.Mfa;
using Onboarding.Api.Features.Organizations;
using Onboarding.Api.Features.Passkeys;
using Onboarding.Api.Features.Platform;
using Onboarding.Api.Features.Registration;
using Onboarding.Api.Features.SignIn;
using Onboarding.Api.Features.SignUps;
using Onboarding.Api.Features.Webhooks;

namespace Onboarding.Api.Features;

/// <summary>Every feature of the product: its use cases and its routes.</summary>
internal static class AllFeatures
{
    public static IServiceCollection AddFeatures(this IServiceCollection services) => services
        .AddSignUps()
        .AddRegistration()
        .AddApprovals()
        .AddSignInFeature()
        .AddAccount()
        .AddMfa()
        .AddPasskeys()
        .AddMembers()
        .AddInvitations()
        .AddApprovalRules()
        .AddCustomRoles()
        .AddOrganizations()
        .AddDomains()
        .AddQuotas()
        .AddBillingFeature()
        .AddApiKeys()
        .AddWebhooksFeature()
        .AddPlatform()
        .AddScoped<GetAuditLog>()
        .AddScoped<ExportAuditLog>()
        .AddScoped<VerifyAuditLog>().AddSingleton<VerificationPlaces>();

    public static void MapFeatures(this IEndpointRouteBuilder routes)
    {
        routes.MapSignUps();
        routes.MapRegistration();
        routes.MapSignIn();
        routes.MapAccount();
        routes.MapMfa();
        routes.MapPasskeys();
        routes.MapApprovals();
        routes.MapMembers();
        routes.MapInvitations();
        routes.MapApprovalRules();
        routes.MapCustomRoles();
        routes.MapOrganizations();
        routes.MapDomains();
        routes.MapApiKeys();
        routes.MapWebhooks();
        routes.MapBilling();
        routes.MapPlatform();
        GetAuditLog.Map(routes);
        ExportAuditLog.Map(routes);
        VerifyAuditLog.Map(routes);
    }
}
