using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Reason">For both audit logs: the platform's, and the organization's own.</param>
public sealed record SuspendOrganizationRequest([property: Required, StringLength(500, MinimumLength = 3), RegularExpression(NameRules.Text, ErrorMessage = NameRules.NoText)] string Reason);

/// <summary>Stops an organization from serving: sessions, keys, jobs and webhooks. Its admins reach billing, and nothing else.</summary>
internal sealed class SuspendOrganization(GovernOrganization govern, GetOrganizationDetails details, RequestActor actor)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/{id:guid}/suspend", (Guid id, SuspendOrganizationRequest request, SuspendOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, request, cancellationToken))
        .WithSummary("Suspend an organization")
        .WithExample(new SuspendOrganizationRequest("Three invoices are open."), OrganizationDetailsResponse.Example)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), (StatusCode, 409));

    public const string StatusCode = "organization.status_conflict";

    public async Task<Results<Ok<OrganizationDetailsResponse>, ProblemHttpResult>> HandleAsync(Guid id, SuspendOrganizationRequest request, CancellationToken cancellationToken) =>
        await AnswerAsync(await govern.SuspendAsync(id, actor.ToActor(), request.Reason, cancellationToken), details, cancellationToken);

    /// <summary>The organization as it is now, or why it was not changed.</summary>
    public static async Task<Results<Ok<OrganizationDetailsResponse>, ProblemHttpResult>> AnswerAsync(Governed governed, GetOrganizationDetails details, CancellationToken cancellationToken) => governed switch
    {
        { Organization: null } => GetOrganizationDetails.NotFound(),
        { IsDone: true, Organization: { } organization } => TypedResults.Ok(await details.DescribeAsync(organization, cancellationToken)),
        { Organization.Status: var status } => Problems.Conflict(
            StatusCode, $"It is {status.ToString().ToLowerInvariant()}; that does not allow this.", new Dictionary<string, object?> { ["organization_status"] = status.ToString().ToLowerInvariant() }),
    };
}
