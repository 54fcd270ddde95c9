using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Features.SignUps;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Identifier">Label of its host.</param>
/// <param name="Username">User name of its first admin, who gets the mail to set a password.</param>
/// <param name="Email">Their address; it needs no proof, because whoever runs the platform vouches for it.</param>
/// <param name="Plan">Key of its plan; the default one when left out.</param>
public sealed record AddOrganizationRequest(
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string Name,
    [property: Required] string Identifier,
    [property: Required, RegularExpression(NameRules.UserName, ErrorMessage = NameRules.NoUserName)] string Username,
    [property: Required, StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string Email,
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string FullName,
    [property: StringLength(64)] string? Plan = null);

/// <summary>Makes an organization for somebody, who becomes its first admin.</summary>
/// <remarks>What is answered with success is in the catalogue and in the work queue: should the node die afterwards, another one goes on.</remarks>
internal sealed class AddOrganization(PlatformDbContext db, FoundOrganization found, PlanCatalogue plans, GetOrganizationDetails details, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("", (AddOrganizationRequest request, AddOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .WithSummary("Add an organization")
        .WithExample(new AddOrganizationRequest("Acme", "acme", "ada", "ada@example.com", "Ada Lovelace", "premium"), OrganizationDetailsResponse.Example)
        .WithErrors(("organization.identifier_taken", 409));

    public async Task<Results<Created<OrganizationDetailsResponse>, ProblemHttpResult>> HandleAsync(AddOrganizationRequest request, CancellationToken cancellationToken)
    {
        if (OrganizationIdentifier.Refusal(request.Identifier) is { } refusal)
        {
            return Problems.Invalid("identifier", refusal);
        }

        if (plans.Find(request.Plan ?? plans.Default.Key) is not { } plan)
        {
            return Problems.Invalid("plan", $"There is no plan {request.Plan}.");
        }

        var signUp = SignUp.ByOperator(request.Identifier, request.Name, request.Username, request.Email, request.FullName, clock.GetUtcNow());
        if (await RegisterAsync(signUp, plan.Key, cancellationToken) is not { } organization)
        {
            return CreateOrganization.Taken();
        }

        // False where another node does it; the answer says which status it has.
        await found.TrySetUpAsync(organization, signUp);
        var id = organization.Id;
        var now = await db.Organizations.AsNoTracking().SingleAsync(o => o.Id == id, cancellationToken);
        return TypedResults.Created($"/platform/organizations/{id}", await details.DescribeAsync(now, cancellationToken));
    }

    private async Task<Organization?> RegisterAsync(SignUp signUp, string plan, CancellationToken cancellationToken)
    {
        try
        {
            return await db.InTransactionAsync(
                async () =>
                {
                    db.SignUps.Add(signUp);
                    if (await found.RegisterAsync(db, signUp, plan, cancellationToken) is not { } organization)
                    {
                        return null;
                    }

                    PlatformAudit.Add(db, "organization.added", actor.ToActor(), organization.Key, subjectId: null, organization.Identifier, clock.GetUtcNow());
                    await db.SaveChangesAsync(cancellationToken);
                    return organization;
                },
                cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else was faster by a moment.
            return null;
        }
    }
}
