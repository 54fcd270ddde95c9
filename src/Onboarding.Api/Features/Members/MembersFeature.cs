namespace Onboarding.Api.Features.Members;

/// <summary>The organization's members, once they are in.</summary>
internal static class MembersFeature
{
    public static IServiceCollection AddMembers(this IServiceCollection services) => services
        .AddScoped<ChangingMembers>().AddScoped<ListMembers>().AddScoped<GetMember>().AddScoped<SuspendMember>()
        .AddScoped<ReactivateMember>().AddScoped<ChangeRole>().AddScoped<ResendSetPassword>()
        .AddScoped<ResetMfa>().AddScoped<RemoveMember>()
        .AddScoped<ListMemberSessions>().AddScoped<EndMemberSessions>();

    public static void MapMembers(this IEndpointRouteBuilder routes)
    {
        var members = routes.MapGroup("/members").WithTags("Members");
        ListMembers.Map(members);
        GetMember.Map(members);
        SuspendMember.Map(members);
        ReactivateMember.Map(members);
        ChangeRole.Map(members);
        ResendSetPassword.Map(members);
        ResetMfa.Map(members);
        ListMemberSessions.Map(members);
        EndMemberSessions.Map(members);
        RemoveMember.Map(members);
    }
}
