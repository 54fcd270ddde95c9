namespace Onboarding.Api.Features.Invitations;

/// <summary>People who are asked to become members, and who then skip the queue.</summary>
internal static class InvitationsFeature
{
    public static IServiceCollection AddInvitations(this IServiceCollection services) => services
        .AddScoped<OpenInvitations>().AddScoped<Inviting>().AddScoped<InvitePeople>().AddScoped<ListInvitations>()
        .AddScoped<ResendInvitation>().AddScoped<RevokeInvitation>().AddScoped<AcceptInvitation>();

    public static void MapInvitations(this IEndpointRouteBuilder routes)
    {
        var invitations = routes.MapGroup("/invitations").WithTags("Members");
        InvitePeople.Map(invitations);
        ListInvitations.Map(invitations);
        ResendInvitation.Map(invitations);
        RevokeInvitation.Map(invitations);
        AcceptInvitation.Map(routes.MapGroup("/invitations").WithTags("Auth").AllowAnonymous());
    }
}
