using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Domains;

/// <summary>Hosts of the organization's own.</summary>
internal static class DomainsFeature
{
    public static IServiceCollection AddDomains(this IServiceCollection services)
    {
        services.AddOptions<DnsOptions>().BindConfiguration(DnsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<IDomainRecords, DnsDomainRecords>().AddScoped<ListDomains>().AddScoped<AddDomain>().AddScoped<VerifyDomain>().AddScoped<RemoveDomain>();
    }

    public static void MapDomains(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/organization/domains").WithTags("Organizations").RequireAuthorization(Permissions.ManageOrganization);
        ListDomains.Map(group);
        AddDomain.Map(group);
        VerifyDomain.Map(group);
        RemoveDomain.Map(group);
    }
}
