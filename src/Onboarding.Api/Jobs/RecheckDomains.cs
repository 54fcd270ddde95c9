using System.Collections.Concurrent;
using Onboarding.Api.Features.Domains;
using Onboarding.Tenancy.Organizations;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Once a day: looks for the records of proven domains, because a domain that changes hands must not stay with its former owner's organization.</summary>
[DisallowConcurrentExecution]
internal sealed class RecheckDomains(CustomDomains domains, IDomainRecords records) : IJob
{
    private const int Page = 500;
    private const int AtOnce = 8;

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<CustomDomain> page = [];
        do
        {
            page = await domains.VerifiedAsync(page.Count == 0 ? Guid.Empty : page[^1].Id, Page, cancellationToken);
            await CheckAsync(page, cancellationToken);
        }
        while (page.Count == Page);
    }

    private async Task CheckAsync(IReadOnlyList<CustomDomain> page, CancellationToken cancellationToken)
    {
        var checks = new ConcurrentBag<(CustomDomain Domain, bool Found)>();
        await Parallel.ForEachAsync(page, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (domain, cancellation) =>
        {
            // A DNS that cannot be asked says nothing about the record.
            if (await records.TextsAsync(domain.RecordName, cancellation) is { } found)
            {
                checks.Add((domain, found.Contains(domain.RecordValue, StringComparer.Ordinal)));
            }
        });
        await domains.NoteAsync([.. checks], cancellationToken);
    }
}
