using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.Registration;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.ApprovalRules;

public sealed record SimulateApprovalRulesRequest(
    [property: Required, StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string Email);

/// <param name="Action">What would happen to whoever proves the address now.</param>
/// <param name="Role">Role that would be given.</param>
/// <param name="Invited">Whether an invitation says so, which goes before every rule.</param>
/// <param name="Rule">The rule for the domain; null when there is none, and people wait.</param>
public sealed record SimulateApprovalRulesResponse(ApprovalAction Action, string? Role, bool Invited, ApprovalRuleResponse? Rule);

/// <summary>Says what would happen to an address, by the very code that decides. Changes nothing.</summary>
internal sealed class SimulateApprovalRules(Admission admission)
{
    public static void Map(RouteGroupBuilder rules) => rules
        .MapPost("/simulate", (SimulateApprovalRulesRequest request, SimulateApprovalRules useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.ManageRoles)
        .WithSummary("Try the approval rules out")
        .WithExample(new SimulateApprovalRulesRequest("ada@example.com"), new SimulateApprovalRulesResponse(ApprovalAction.Approve, Roles.User, false, ApprovalRuleResponse.Example));

    public async Task<Ok<SimulateApprovalRulesResponse>> HandleAsync(SimulateApprovalRulesRequest request, CancellationToken cancellationToken)
    {
        var admitted = await admission.FindAsync(request.Email.Trim(), cancellationToken);
        return TypedResults.Ok(new SimulateApprovalRulesResponse(
            admitted.Action, admitted.Role, admitted.Invitation is not null, admitted.Rule is { } rule ? ApprovalRuleResponse.Of(rule) : null));
    }
}
