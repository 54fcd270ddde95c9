using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.AuditLog;

/// <param name="Expect">A head that an earlier verification told and that was kept elsewhere; the log must still contain it.</param>
public sealed record AuditVerificationQuery([property: FromQuery(Name = "expect"), StringLength(400)] string? Expect = null);

/// <param name="Fault">What it is.</param>
/// <param name="Lane">Which of the log's chains, where it is about one.</param>
/// <param name="Sequence">The place in the chain, where there is one.</param>
/// <param name="EntryId">The line, where it is about one.</param>
/// <param name="OccurredAt">When the line says that it happened.</param>
/// <param name="Action">What the line says that happened.</param>
public sealed record AuditFindingResponse(AuditFault Fault, short? Lane, long? Sequence, Guid? EntryId, DateTimeOffset? OccurredAt, string? Action);

/// <param name="IsProven">Whether every line is what it was when it was written, and none is missing.</param>
/// <param name="Lines">How many lines are sealed.</param>
/// <param name="Head">Stands for all of them: keep it elsewhere, and pass it as <c>expect</c> another time. Null where nothing is sealed.</param>
/// <param name="Faults">How many things are wrong.</param>
/// <param name="Findings">The first hundred of them.</param>
public sealed record AuditVerificationResponse(bool IsProven, long Lines, string? Head, long Faults, IReadOnlyList<AuditFindingResponse> Findings)
{
    internal static readonly AuditVerificationResponse Example = new(
        false,
        844,
        "812.30.2:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        1,
        [new(AuditFault.EntryChanged, 0, 17, Guid.Parse("01990000-0000-7000-8000-000000000003"), DateTimeOffset.UnixEpoch, "member.approved")]);

    internal static AuditVerificationResponse Of(AuditReport report) => new(
        report.IsProven,
        report.Head?.Count ?? 0,
        report.Head?.ToString(),
        report.Faults,
        [.. report.Findings.Select(f => new AuditFindingResponse(f.Fault, f.Lane, f.Sequence, f.EntryId, f.OccurredAt, f.Action))]);
}

/// <summary>Proves the audit log: computes its chains anew, and says what does not fit (SEC-48).</summary>
/// <remarks>It reads all of the log, so it is given a few seconds, a few times in a while, one at a time, and a connection of the organization's own share.</remarks>
internal sealed class VerifyAuditLog(TenantDbContext db, AuditChain chain, VerificationPlaces places)
{
    public const string BusyCode = "audit_log.busy";
    public const string TooLongCode = "audit_log.too_long";

    /// <summary>As long as PostgreSQL may read. Enough for some hundred thousand lines.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/audit-log/verification", ([AsParameters] AuditVerificationQuery query, VerifyAuditLog useCase, CancellationToken cancellationToken) => useCase.HandleAsync(query, cancellationToken))
        .WithTags("Admin")
        .RequireAuthorization(Permissions.ReadAuditLog)
        .ThrottledByMember("verify-audit-log", limits => limits.VerifyAuditLog)
        .WithSummary("Prove the audit log")
        .WithExample(response: AuditVerificationResponse.Example)
        .WithErrors((TooLongCode, 409), (BusyCode, 503));

    public async Task<Results<Ok<AuditVerificationResponse>, ProblemHttpResult>> HandleAsync(AuditVerificationQuery query, CancellationToken cancellationToken)
    {
        AuditHead? expected = null;
        if (query.Expect is { } text && !AuditHead.TryParse(text, out expected))
        {
            return Problems.Invalid("expect", "A head is what a verification has told, such as 812.30.2:9f86d0...");
        }

        using var place = places.Take(db.Organization!);
        if (!place.IsAcquired)
        {
            return Problems.Unavailable(BusyCode, "Audit logs are being proven just now. Try again in a moment.", Patience);
        }

        return await chain.TryVerifyAsync(db, expected, Patience, cancellationToken) is { } report
            ? TypedResults.Ok(AuditVerificationResponse.Of(report))
            : Problems.Conflict(TooLongCode, "The audit log is too long to be proven while a request waits. Whoever runs the product can prove it with `onboarding audit verify`.");
    }
}
