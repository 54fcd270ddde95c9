using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Onboarding.Api.Http;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.AuditLog;

/// <summary>The audit log as a file, newest first: a JSON object a line (NDJSON), each as the list has it.</summary>
/// <remarks>Read in pages and written as they come, so neither memory nor a transaction grows with the log.</remarks>
internal sealed class ExportAuditLog(TenantDbContext db, IOptions<JsonOptions> json)
{
    private const int Page = 1_000;
    private const string Lines = "application/x-ndjson";

    private static readonly byte[] NewLine = "\n"u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/audit-log/export", ([AsParameters] AuditLogQuery query, ExportAuditLog useCase, CancellationToken cancellationToken) => useCase.Handle(query, cancellationToken))
        .WithTags("Admin")
        .RequireAuthorization(Permissions.ReadAuditLog)
        .RequireFeature(FeatureNames.AuditExport)
        .WithSummary("Export the audit log")
        .Produces(StatusCodes.Status200OK, contentType: Lines);

    public IResult Handle(AuditLogQuery query, CancellationToken cancellationToken) => Results.Stream(output => WriteAsync(query, output, cancellationToken), Lines, "audit-log.ndjson");

    private async Task WriteAsync(AuditLogQuery query, Stream output, CancellationToken cancellationToken)
    {
        Guid? after = null;
        IReadOnlyList<AuditEntryResponse> page;
        do
        {
            var entries = GetAuditLog.Filter(db, query);
            entries = after is { } last ? entries.Where(e => e.Id < last) : entries;
            page = await GetAuditLog.Rows(entries, Page).ToListAsync(cancellationToken);
            foreach (var entry in page)
            {
                await JsonSerializer.SerializeAsync(output, entry, json.Value.SerializerOptions, cancellationToken);
                await output.WriteAsync(NewLine, cancellationToken);
                after = entry.Id;
            }
        }
        while (page.Count == Page);
    }
}
