using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Approvals;

public enum DashboardAction
{
    Approve,
    Reject,
}

/// <param name="Id">One member; or</param>
/// <param name="Ids">up to 100 of them.</param>
/// <param name="Role">With <c>approve</c>: role to give, <c>user</c> when left out.</param>
/// <param name="Note">With <c>approve</c>: kept in the audit log.</param>
/// <param name="Reason">With <c>reject</c>: the person is told.</param>
/// <param name="Block">With <c>reject</c>: for good.</param>
public sealed record DashboardRequest(
    [property: Required] DashboardAction? Action = null,
    Guid? Id = null,
    [property: Length(1, DashboardRequest.MaxIds)] IReadOnlyList<Guid>? Ids = null,
    [property: StringLength(64)] string? Role = null,
    [property: StringLength(500)] string? Note = null,
    [property: StringLength(500)] string? Reason = null,
    bool Block = false) : IValidatableObject
{
    internal const int MaxIds = 100;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Id is null == Ids is null)
        {
            yield return new("Give either id or ids.", [nameof(Id)]);
        }

        if (Ids is not null && Ids.Distinct().Count() != Ids.Count)
        {
            yield return new("An id is there twice.", [nameof(Ids)]);
        }
    }
}

/// <param name="Status">The member's status now; null when there is no such member.</param>
/// <param name="Code">Why nothing was done; left out when it was.</param>
public sealed record DashboardResult(
    Guid Id, MemberStatus? Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code = null);

public sealed record DashboardResponse(IReadOnlyList<DashboardResult> Results);

/// <summary>An admin decides about one waiting person, or about up to a hundred at once (ONB-7).</summary>
internal sealed class DecideFromDashboard(Decisions decisions)
{
    private static readonly Guid Example = Guid.Parse("01990000-0000-7000-8000-000000000001");

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapPatch("/admin-dashboard", (DashboardRequest request, DecideFromDashboard useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.ApproveMembers)
        .WithSummary("Decide about waiting people")
        .WithExample(new DashboardRequest(DashboardAction.Approve, Id: Example), new DashboardResponse([new(Example, MemberStatus.Approved)]), name: "one")
        .WithExample(new DashboardRequest(DashboardAction.Reject, Ids: [Example], Reason: "Unknown"), new DashboardResponse([new(Example, null, "member.not_found")]), name: "many")
        .WithErrors(("role.unknown", 400), ("role.not_grantable", 403), ("member.not_found", 404), ("member.already_decided", 409), ("quota.seats", 409));

    public async Task<Results<Ok<DashboardResponse>, ProblemHttpResult>> HandleAsync(DashboardRequest request, CancellationToken cancellationToken)
    {
        var ids = request.Ids ?? [request.Id!.Value];
        var results = request.Action == DashboardAction.Approve
            ? await decisions.ApproveAllAsync(ids, request.Role, request.Note, cancellationToken)
            : await decisions.RejectAllAsync(ids, request.Reason, request.Block, cancellationToken);

        // For a single id that fails, the problem itself is the answer.
        return request.Id is not null && results[0].Problem is { } problem
            ? problem
            : TypedResults.Ok(new DashboardResponse([.. results.Select(r => new DashboardResult(r.Id, r.Status, r.Code))]));
    }
}
