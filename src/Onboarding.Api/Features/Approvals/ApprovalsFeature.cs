namespace Onboarding.Api.Features.Approvals;

/// <summary>The queue of people who wait to be let in, and what admins decide about them.</summary>
internal static class ApprovalsFeature
{
    public static IServiceCollection AddApprovals(this IServiceCollection services) => services
        .AddScoped<Decisions>().AddScoped<ApproveMember>().AddScoped<RejectMember>().AddScoped<GetDashboard>().AddScoped<DecideFromDashboard>();

    public static void MapApprovals(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("").WithTags("Admin");
        GetDashboard.Map(admin);
        DecideFromDashboard.Map(admin);

        var members = routes.MapGroup("/members").WithTags("Members");
        ApproveMember.Map(members);
        RejectMember.Map(members);
    }
}
