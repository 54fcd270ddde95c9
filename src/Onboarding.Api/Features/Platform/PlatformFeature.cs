using Onboarding.Api.SignIn;

namespace Onboarding.Api.Features.Platform;

/// <summary>What super admins do: see all organizations and govern them, look at the state of the system, mend it.</summary>
internal static class PlatformFeature
{
    public static IServiceCollection AddPlatform(this IServiceCollection services) => services
        .AddScoped<PlatformLogin>().AddScoped<PlatformLogout>().AddScoped<GetPlatformMe>()
        .AddScoped<OrganizationFigures>()
        .AddScoped<AddOrganization>().AddScoped<DeleteOrganization>().AddScoped<RestoreOrganization>().AddScoped<ExportOrganizationData>().AddSingleton<ExportPlaces>()
        .AddScoped<ListOrganizations>().AddScoped<GetOrganizationDetails>()
        .AddScoped<SuspendOrganization>().AddScoped<ReactivateOrganization>().AddScoped<SettleOverrides>()
        .AddScoped<EnterOrganization>()
        .AddScoped<CountDeadLetters>().AddScoped<ListDeadLetters>().AddScoped<ReplayDeadLetter>()
        .AddScoped<ListBillingTroubles>().AddScoped<ListCallbacks>().AddScoped<ReplayCallback>().AddScoped<LinkCustomer>()
        .AddScoped<GetPlatformAuditLog>().AddScoped<VerifyAuditLogOf>()
        .AddScoped<GetMigrations>();

    public static void MapPlatform(this IEndpointRouteBuilder routes)
    {
        var platform = routes.MapGroup("/platform").WithTags("Platform");
        PlatformLogin.Map(platform);

        var admins = platform.MapGroup("").ForSuperAdmins();
        PlatformLogout.Map(admins);
        GetPlatformMe.Map(admins);
        GetPlatformAuditLog.Map(admins);
        GetMigrations.Map(admins);
        CountDeadLetters.Map(admins);

        var billing = admins.MapGroup("/billing");
        ListBillingTroubles.Map(billing);
        ListCallbacks.Map(billing);
        ReplayCallback.Map(billing);

        var organizations = admins.MapGroup("/organizations");
        ListOrganizations.Map(organizations);
        GetOrganizationDetails.Map(organizations);
        AddOrganization.Map(organizations);
        DeleteOrganization.Map(organizations);
        RestoreOrganization.Map(organizations);
        ExportOrganizationData.Map(organizations);
        SuspendOrganization.Map(organizations);
        ReactivateOrganization.Map(organizations);
        SettleOverrides.Map(organizations);
        EnterOrganization.Map(organizations);
        LinkCustomer.Map(organizations);
        ListDeadLetters.Map(organizations);
        ReplayDeadLetter.Map(organizations);
        VerifyAuditLogOf.Map(organizations);
    }
}
