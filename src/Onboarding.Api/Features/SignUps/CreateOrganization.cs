using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.Emails;
using Onboarding.Api.Features.Registration;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Work;

namespace Onboarding.Api.Features.SignUps;

/// <param name="Name">Of the organization, as mails and pages show it.</param>
/// <param name="Identifier">Its host: 3-40 of <c>a-z0-9-</c>.</param>
/// <param name="Username">Of its first admin: 3-64 letters, digits, dots, dashes and underscores.</param>
/// <param name="Email">Where the code goes.</param>
/// <param name="FullName">Of its first admin, as mails will greet them.</param>
public sealed record CreateOrganizationRequest(
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string Name,
    [property: Required] string Identifier,
    [property: Required, RegularExpression(NameRules.UserName, ErrorMessage = NameRules.NoUserName)] string Username,
    [property: Required, StringLength(254), EmailAddress, RegularExpression(NameRules.Email, ErrorMessage = NameRules.NoEmail)] string Email,
    [property: Required, StringLength(200, MinimumLength = 1), RegularExpression(NameRules.Name, ErrorMessage = NameRules.NoName)] string FullName);

/// <summary>A stranger wants an organization and is sent a code. The same again sends another one and voids the first (SEC-11).</summary>
/// <remarks>
/// Whether an identifier is taken is public, because it is a host name. Whether an address is known is not: it is not even
/// looked up (SEC-12).
/// </remarks>
internal sealed class CreateOrganization(PlatformDbContext db, PlatformEmails emails, SecretHasher hasher, WorkSignal signal, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("", (CreateOrganizationRequest request, CreateOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<CreateOrganizationRequest>("create-organization", limits => limits.CreateOrganization, request => request.Email)
        .WithSummary("Create an organization")
        .WithExample(new CreateOrganizationRequest("Acme", "acme", "ada", "ada@example.com", "Ada Lovelace"), Register.Answer.Value)
        .WithErrors(("organization.identifier_taken", 409));

    public async Task<Results<Accepted<RegistrationResponse>, ProblemHttpResult>> HandleAsync(CreateOrganizationRequest request, CancellationToken cancellationToken)
    {
        if (OrganizationIdentifier.RefusalToStrangers(request.Identifier) is { } refusal)
        {
            return Problems.Invalid("identifier", refusal);
        }

        if (await FoundOrganization.IsTakenAsync(db, request.Identifier, cancellationToken))
        {
            return Taken();
        }

        try
        {
            await BeginAsync(request, cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // The same at the same moment: the row is there now, and this is the same again.
            await BeginAsync(request, cancellationToken);
        }

        signal.Wake();
        return Register.Answer;
    }

    /// <summary>The answer to whoever wants what somebody has, or what looks like it.</summary>
    public static ProblemHttpResult Taken() => Problems.Conflict("organization.identifier_taken", "Another organization has this identifier, or one that looks like it.");

    // Hash and mail commit together, so a crash leaves both or neither; the digits themselves are in the encrypted mail alone (SEC-9).
    private Task<int> BeginAsync(CreateOrganizationRequest request, CancellationToken cancellationToken) => db.InTransactionAsync(
        async () =>
        {
            var email = Member.Normalize(request.Email);
            var signUp = (await db.SignUps
                .FromSql($"SELECT * FROM platform.sign_ups WHERE identifier = {request.Identifier} AND normalized_email = {email} AND organization_id IS NULL FOR UPDATE")
                .ToListAsync(cancellationToken)).SingleOrDefault();
            var (name, userName, to, fullName) = (request.Name.Trim(), request.Username.Trim(), request.Email.Trim(), request.FullName.Trim());
            string digits;
            if (signUp is null)
            {
                (signUp, digits) = SignUp.Begin(request.Identifier, name, userName, to, fullName, hasher, clock.GetUtcNow());
                db.SignUps.Add(signUp);
            }
            else
            {
                digits = signUp.BeginAgain(name, userName, to, fullName, hasher, clock.GetUtcNow());
            }

            await emails.OrganizationCodeAsync(db, signUp, digits, cancellationToken);
            return await db.SaveChangesAsync(cancellationToken);
        },
        cancellationToken);
}
