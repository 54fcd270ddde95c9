using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.Features.SignUps;

/// <param name="Identifier">The organization that was asked for.</param>
/// <param name="Email">By whom.</param>
/// <param name="Otp">The six digits of the mail.</param>
public sealed record VerifyOrganizationRequest(
    [property: Required, StringLength(64)] string Identifier,
    [property: Required, StringLength(254)] string Email,
    [property: Required, StringLength(32)] string Otp);

/// <summary>The stranger proves the address: the organization is registered, set up, and its founder gets the mail to set a password.</summary>
/// <remarks>
/// The sign-up's row is locked for the whole decision, so parallel guesses are counted one by one (SEC-10). Wrong, expired,
/// used up and unknown end alike (SEC-12). What is answered with success is in the catalogue and in the work queue: should
/// the node die afterwards, another one goes on. The right code again, while it is good, gives the same answer.
/// </remarks>
internal sealed class VerifyOrganization(
    PlatformDbContext db, FoundOrganization found, PlanCatalogue plans, SecretHasher hasher, IOptions<WebOptions> web, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/verify", (VerifyOrganizationRequest request, VerifyOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(request, cancellationToken))
        .Throttled<VerifyOrganizationRequest>("verify-organization", limits => limits.VerifyOrganization, request => request.Email)
        .WithSummary("Prove the address of a founder")
        .WithExample(new VerifyOrganizationRequest("acme", "ada@example.com", "123456"), OrganizationAddressResponse.Example)
        .WithErrors(("otp.invalid", 400), ("organization.identifier_taken", 409));

    public async Task<Results<Ok<OrganizationAddressResponse>, ProblemHttpResult>> HandleAsync(VerifyOrganizationRequest request, CancellationToken cancellationToken)
    {
        Proof proof;
        try
        {
            proof = await db.InTransactionAsync(() => ProveAsync(request, cancellationToken), cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // An operator was faster by a moment.
            return CreateOrganization.Taken();
        }

        if (proof.SignUp is not { } signUp)
        {
            return Problems.BadRequest("otp.invalid", "The code is wrong or no longer good.");
        }

        if (proof.Organization is not { } organization)
        {
            return CreateOrganization.Taken();
        }

        var isSetUp = proof.IsNew ? await found.TrySetUpAsync(organization, signUp) : organization.Status != OrganizationStatus.Provisioning;
        return TypedResults.Ok(OrganizationAddressResponse.Of(organization, isSetUp, web.Value));
    }

    private async Task<Proof> ProveAsync(VerifyOrganizationRequest request, CancellationToken cancellationToken)
    {
        var email = Member.Normalize(request.Email);
        var signUp = (await db.SignUps
            .FromSql($"SELECT * FROM platform.sign_ups WHERE identifier = {request.Identifier} AND normalized_email = {email} ORDER BY created_at DESC LIMIT 1 FOR UPDATE")
            .ToListAsync(cancellationToken)).SingleOrDefault();
        var isProven = (signUp ?? Nobodys()).IsProvenBy(request.Otp, hasher, clock.GetUtcNow()) && signUp is not null;
        var proof = isProven ? await DecideAsync(signUp!, cancellationToken) : new Proof();

        // What changes nothing writes to the log as well, so that a commit takes as long either way (SEC-12).
        if (await db.SaveChangesAsync(cancellationToken) == 0 && !isProven)
        {
            await db.Database.ExecuteSqlAsync($"SELECT pg_logical_emit_message(true, 'sign_up', '')", cancellationToken);
        }

        return proof;
    }

    private async Task<Proof> DecideAsync(SignUp signUp, CancellationToken cancellationToken)
    {
        if (signUp.OrganizationId is { } founded)
        {
            // The answer was lost, most likely.
            var id = founded.ToString();
            return await db.Organizations.SingleOrDefaultAsync(o => o.Id == id, cancellationToken) is { } known ? new Proof(signUp, known) : new Proof();
        }

        return new Proof(signUp, await found.RegisterAsync(db, signUp, plans.Default.Key, cancellationToken), IsNew: true);
    }

    // Compared with when there is none, so that the work is the same; its digits are random and told to nobody.
    private SignUp Nobodys() => SignUp.Begin("", "", "", "", "", hasher, clock.GetUtcNow()).SignUp;

    /// <param name="SignUp">What was proven; null when nothing was.</param>
    /// <param name="Organization">What came of it; null when the identifier is taken.</param>
    /// <param name="IsNew">Whether it has yet to be set up.</param>
    private sealed record Proof(SignUp? SignUp = null, Organization? Organization = null, bool IsNew = false);
}
