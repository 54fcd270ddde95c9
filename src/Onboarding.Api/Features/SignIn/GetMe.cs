using Finbuckle.MultiTenant.Abstractions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.SignIn;

public sealed record MyOrganizationResponse(string Id, string Identifier, string Name);

/// <param name="Mfa">Whether a second factor is set up.</param>
public sealed record MeResponse(
    Guid Id, string Username, string Email, string FullName, MemberStatus Status, string? Role,
    IReadOnlyList<string> Permissions, MyOrganizationResponse Organization, bool Mfa)
{
    internal static readonly MeResponse Example = new(
        Guid.Parse("01990000-0000-7000-8000-000000000001"), "ada", "ada@example.com", "Ada Lovelace", MemberStatus.Active, "admin",
        [.. Tenancy.Members.Permissions.All.Order()], new("01990000-0000-7000-8000-0000000000aa", "acme", "Acme"), Mfa: true);
}

/// <summary>The signed-in member.</summary>
internal sealed class GetMe(TenantDbContext db, IMultiTenantContextAccessor<Organization> tenant, RequestActor actor)
{
    // Compiled once for all organizations; this is the path that PERF-1 measures.
    private static readonly Func<TenantDbContext, Guid, CancellationToken, Task<Row?>> Find = EF.CompileAsyncQuery(
        (TenantDbContext db, Guid id, CancellationToken cancellationToken) => db.Members.AsNoTracking()
            .Where(m => m.Id == id)
            .Select(m => new Row(m.Id, m.UserName!, m.Email!, m.FullName, m.Status, m.Role, m.TwoFactorEnabled))
            .SingleOrDefault());

    private sealed record Row(Guid Id, string UserName, string Email, string FullName, MemberStatus Status, string? Role, bool Mfa);

    public static void Map(RouteGroupBuilder me) => me
        .MapGet("", (GetMe useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .ReachableWithoutMfa()
        .ReachableWhileSuspended()
        .WithSummary("Get the signed-in member")
        .WithExample(response: MeResponse.Example);

    public async Task<Results<Ok<MeResponse>, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken) =>
        await Find(db, actor.MemberId, cancellationToken) is { } row
            ? TypedResults.Ok(Describe(row))
            : Problems.Unauthorized("token.invalid", "This account is gone.");

    private MeResponse Describe(Row row)
    {
        var organization = tenant.MultiTenantContext.TenantInfo!;
        return new(row.Id, row.UserName, row.Email, row.FullName, row.Status, row.Role,
            [.. organization.PermissionsOf(row.Role).Order(StringComparer.Ordinal)],
            new(organization.Id, organization.Identifier, organization.Name),
            row.Mfa);
    }
}
