using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Approvals;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Members;

/// <param name="Role">Never more than the caller's own.</param>
public sealed record ChangeRoleRequest([property: Required, StringLength(64)] string Role);

/// <summary>Gives a member another role. Their sessions end, so that no token carries the old one (SEC-24).</summary>
internal sealed class ChangeRole(ChangingMembers changing, Decisions decisions, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder members) => members
        .MapPut("/{id:guid}/role", (Guid id, ChangeRoleRequest request, ChangeRole useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, request, cancellationToken))
        .RequireAuthorization(Permissions.ManageMembers)
        .WithSummary("Change a member's role")
        .WithExample(new ChangeRoleRequest(Roles.Admin), MemberResponse.Example with { Role = Roles.Admin })
        .WithErrors(("role.unknown", 400), ("role.not_grantable", 403), ("member.outranks", 403), ("member.not_found", 404), ("member.not_allowed", 409), ("member.last_admin", 409));

    public async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> HandleAsync(Guid id, ChangeRoleRequest request, CancellationToken cancellationToken) =>
        decisions.RoleRefusal(request.Role) is { } refusal ? refusal : await ChangeAsync(id, request.Role, cancellationToken);

    private async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> ChangeAsync(Guid id, string role, CancellationToken cancellationToken)
    {
        try
        {
            return await changing.RunAsync(id, member => member.ChangeRole(role, clock.GetUtcNow()), note: null, endSessions: "role_changed", cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.IsUnknownRole())
        {
            return Decisions.UnknownRole();
        }
    }
}
