using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Api.Setup;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <param name="Reason">Why. The organization's admins read it.</param>
/// <param name="Write">Whether anything is to be changed; otherwise one may only look.</param>
public sealed record EnterOrganizationRequest([property: Required, StringLength(400, MinimumLength = 10), RegularExpression(NameRules.Text, ErrorMessage = NameRules.NoText)] string Reason, bool Write = false);

/// <param name="Id">What both audit logs call it.</param>
/// <param name="Access">A token for this organization: send it as <c>Authorization: Bearer</c> at <paramref name="Url"/>.</param>
/// <param name="ExpiresIn">Seconds until it ends; with the super admin's own session it ends sooner.</param>
public sealed record EnteredResponse(Guid Id, string Access, string TokenType, int ExpiresIn, string Url, bool Write)
{
    internal static readonly EnteredResponse Example = new(Guid.Parse("01990000-0000-7000-8000-0000000000bb"), "eyJhbGciOiJFUzI1NiIs...", "Bearer", 1_800, "https://acme.example.com", Write: false);
}

/// <summary>
/// Lets a super admin act inside an organization for half an hour at most: for a reason, read-only unless said otherwise, told in
/// both audit logs, and by mail to the organization's admins (SEC-37).
/// </summary>
/// <remarks>There is no token before both have been told: dying in between leaves a line about an entrance that nobody made.</remarks>
internal sealed class EnterOrganization(
    PlatformDbContext db, TenantSchema schema, TenantScope tenants, PlatformTokens tokens, RequestActor actor, IOptions<PlatformOptions> options, IOptions<WebOptions> web, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapPost("/{id:guid}/access", (Guid id, EnterOrganizationRequest request, EnterOrganization useCase, CancellationToken cancellationToken) => useCase.HandleAsync(id, request, cancellationToken))
        .WithSummary("Enter an organization")
        .WithExample(new EnterOrganizationRequest("Ticket 4711: approvals seem stuck."), EnteredResponse.Example)
        .WithErrors((GetOrganizationDetails.NotFoundCode, 404), (SuspendOrganization.StatusCode, 409));

    public async Task<Results<Ok<EnteredResponse>, ProblemHttpResult>> HandleAsync(Guid id, EnterOrganizationRequest request, CancellationToken cancellationToken)
    {
        var wanted = id.ToString();
        var organization = await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == wanted, cancellationToken);
        if (organization is not { Status: OrganizationStatus.Active } || organization.SchemaVersion < schema.OldestServed)
        {
            return organization is null ? GetOrganizationDetails.NotFound() : Problems.Conflict(SuspendOrganization.StatusCode, "It does not serve, so nobody can act in it.");
        }

        var (by, session, now) = (actor.ToActor(), actor.SessionId, clock.GetUtcNow());
        var mine = await db.SuperAdminSessions.Where(s => s.Id == session)
            .Join(db.SuperAdmins, s => s.SuperAdminId, a => a.Id, (s, a) => new { a.UserName, s.ExpiresAt }).SingleAsync(cancellationToken);
        var limit = now + options.Value.AccessLifetime;
        var until = limit < mine.ExpiresAt ? limit : mine.ExpiresAt;
        var entered = new OrganizationEntered(Ids.New(now), mine.UserName, request.Reason, request.Write, until, now);

        PlatformAudit.Add(db, entered.Type, by, id, entered.GrantId, entered.AuditNote, now);
        await db.SaveChangesAsync(cancellationToken);
        await tenants.RunAsync(organization, async services =>
        {
            var tenant = services.GetRequiredService<TenantDbContext>();
            tenant.Record(entered, by);
            return await tenant.SaveChangesAsync(cancellationToken);
        });

        var token = tokens.IssueFor(organization, by.Id!.Value, session, request.Write ? Acting.Write : Acting.Read, entered.GrantId, until);
        return TypedResults.Ok(new EnteredResponse(entered.GrantId, token, "Bearer", (int)(until - now).TotalSeconds, web.Value.UrlOf(organization), request.Write));
    }
}
