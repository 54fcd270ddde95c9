using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Invitations;

/// <param name="Email">Whom to invite.</param>
/// <param name="Role">Role that accepting gives; <c>user</c> when left out, never more than the caller's own (ONB-8).</param>
public sealed record InvitationRequest(
    [property: Required, StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string Email,
    [property: StringLength(64)] string? Role = null);

/// <param name="Email">One person; or</param>
/// <param name="Role">With <c>email</c>: the role that accepting gives, <c>user</c> when left out.</param>
/// <param name="Invitations">up to 100 of them.</param>
public sealed record InviteRequest(
    [property: StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string? Email = null,
    [property: StringLength(64)] string? Role = null,
    [property: Length(1, InviteRequest.MaxInvitations)] IReadOnlyList<InvitationRequest>? Invitations = null) : IValidatableObject
{
    internal const int MaxInvitations = 100;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Email is null == Invitations is null || (Invitations is not null && Role is not null))
        {
            yield return new("Give either email and role or invitations.", [nameof(Email)]);
        }

        if (Invitations?.Any(invitation => invitation is null) == true)
        {
            yield return new("An invitation is null.", [nameof(Invitations)]);
        }
        else if (Invitations?.DistinctBy(invitation => Member.Normalize(invitation.Email)).Count() != Invitations?.Count)
        {
            yield return new("An address is there twice.", [nameof(Invitations)]);
        }
    }
}

/// <param name="Id">The invitation; null when there is none.</param>
/// <param name="ExpiresAt">Until when its link is good.</param>
/// <param name="Code">Why nobody was invited; left out when somebody was.</param>
public sealed record InviteResult(
    string Email, Guid? Id, DateTimeOffset? ExpiresAt, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Code = null);

public sealed record InviteResponse(IReadOnlyList<InviteResult> Results);

/// <summary>Invites one person, or up to a hundred at once, each decided alone. Who is invited already gets a fresh link.</summary>
internal sealed class InvitePeople(Inviting inviting)
{
    private static readonly InviteResult Example = new("ada@example.com", Guid.Parse("01990000-0000-7000-8000-000000000005"), DateTimeOffset.UnixEpoch.AddDays(7));

    public static void Map(RouteGroupBuilder invitations) => invitations
        .MapPost("", (InviteRequest request, InvitePeople useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .RequireAuthorization(Permissions.InviteMembers)
        .Throttled<InviteRequest>("invite", limits => limits.Invite)
        .WithSummary("Invite people")
        .WithExample(new InviteRequest("ada@example.com", Roles.User), new InviteResponse([Example]), StatusCodes.Status201Created, "one")
        .WithExample(
            new InviteRequest(Invitations: [new("ada@example.com", Roles.User), new("grace@example.com")]),
            new InviteResponse([Example, new("grace@example.com", null, null, "member.exists")]),
            StatusCodes.Status200OK,
            "many")
        .WithErrors(("role.unknown", 400), ("role.not_grantable", 403), ("member.exists", 409), ("member.blocked", 409));

    public async Task<Results<Created<InviteResponse>, Ok<InviteResponse>, ProblemHttpResult>> HandleAsync(InviteRequest request, CancellationToken cancellationToken)
    {
        var wanted = request.Invitations ?? [new(request.Email!, request.Role)];
        var results = await inviting.InviteAsync([.. wanted.Select(person => new Wanted(person.Email.Trim(), person.Role ?? Roles.User))], cancellationToken);
        var response = new InviteResponse([.. results.Select(r => new InviteResult(r.Email, r.Invitation?.Id, r.Invitation?.ExpiresAt, r.Code))]);

        // For a single person who cannot be invited, the problem itself is the answer.
        return (request.Email, results[0].Problem) switch
        {
            (null, _) => TypedResults.Ok(response),
            (_, { } problem) => problem,
            _ => TypedResults.Created((string?)null, response),
        };
    }
}
