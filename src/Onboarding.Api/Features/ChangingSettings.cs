using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Features;

/// <summary>How every change of an organization's settings and roles runs: one after the other, and then told to every node.</summary>
internal sealed class ChangingSettings(TenantDbContext db, PublishSettings publish)
{
    /// <param name="change">Changes what it has to and records it, in the transaction; a problem leaves everything as it was.</param>
    public async Task<ProblemHttpResult?> RunAsync(Func<OrganizationSettings, Task<ProblemHttpResult?>> change, CancellationToken cancellationToken)
    {
        var changed = false;
        var problem = await db.InTransactionAsync(
            async () =>
            {
                var settings = await db.Settings.FromSql($"SELECT * FROM settings FOR UPDATE").SingleAsync(cancellationToken);
                var refusal = await change(settings);
                changed = refusal is null && db.ChangeTracker.HasChanges();
                if (changed)
                {
                    settings.NextRevision();
                    await db.SaveChangesAsync(cancellationToken);
                }

                return refusal;
            },
            cancellationToken);
        if (changed)
        {
            await publish.RunAsync(cancellationToken);
        }

        return problem;
    }
}
