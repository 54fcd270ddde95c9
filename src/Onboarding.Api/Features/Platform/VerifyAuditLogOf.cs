using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Features.AuditLog;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features.Platform;

/// <summary>Proves the audit log of one organization, as that does itself (SEC-48).</summary>
internal sealed class VerifyAuditLogOf(PlatformDbContext platform, TenantSchema schema, TenantScope tenants)
{
    public static void Map(RouteGroupBuilder organizations) => organizations
        .MapGet("/{id:guid}/audit-log/verification", (Guid id, [AsParameters] AuditVerificationQuery query, VerifyAuditLogOf useCase, CancellationToken cancellationToken) =>
            useCase.HandleAsync(id, query, cancellationToken))
        .ThrottledByMember("verify-audit-log", limits => limits.VerifyAuditLog)
        .WithSummary("Prove an organization's audit log")
        .WithExample(response: AuditVerificationResponse.Example)
        .WithErrors((VerifyAuditLog.TooLongCode, 409), (VerifyAuditLog.BusyCode, 503), (GetOrganizationDetails.NotFoundCode, 404));

    public async Task<Results<Ok<AuditVerificationResponse>, ProblemHttpResult>> HandleAsync(Guid id, AuditVerificationQuery query, CancellationToken cancellationToken) =>
        await ListDeadLetters.FindAsync(platform, schema, id, cancellationToken) is { } organization
            ? await tenants.RunAsync(organization, services => services.GetRequiredService<VerifyAuditLog>().HandleAsync(query, cancellationToken))
            : GetOrganizationDetails.NotFound();
}
