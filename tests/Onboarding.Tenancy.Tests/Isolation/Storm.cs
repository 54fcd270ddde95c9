using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>Thousands of interleaved units of work of two organizations, some cancelled and some failing half-way.</summary>
internal sealed class Storm(ServiceProvider services, Organization a, Organization b)
{
    private sealed class ThrownOnPurposeException : Exception;

    private int served;
    private int cancelled;
    private int thrown;

    public ConcurrentQueue<string> Wrong { get; } = new();

    public async Task RunAsync(int requests)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, requests), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            // A seed per request: what failed once fails again.
            var random = new Random(i);
            using var cancellation = new CancellationTokenSource();
            if (random.Next(8) == 0)
            {
                cancellation.CancelAfter(TimeSpan.FromMicroseconds(random.Next(1, 3000)));
            }

            try
            {
                var organization = random.Next(2) == 0 ? a : b;
                await services.GetRequiredService<TenantScope>().RunAsync(organization, scope =>
                    RequestAsync(scope.GetRequiredService<TenantDbContext>(), organization, random, cancellation.Token));
                Interlocked.Increment(ref served);
            }
            catch (ThrownOnPurposeException)
            {
                Interlocked.Increment(ref thrown);
            }
            catch (Exception exception) when (cancellation.IsCancellationRequested && IsCancellation(exception))
            {
                Interlocked.Increment(ref cancelled);
            }
        });

        Assert.Empty(Wrong.Take(5));
        Assert.Equal(requests, served + cancelled + thrown);
        Assert.True(served > requests / 2 && cancelled > 0 && thrown > requests / 50, $"served {served}, cancelled {cancelled}, thrown {thrown}");
    }

    private async Task RequestAsync(TenantDbContext db, Organization organization, Random random, CancellationToken cancellationToken)
    {
        switch (random.Next(5))
        {
            case 0:
                Check(organization, await db.Members.Select(m => m.UserName).ToListAsync(cancellationToken));
                break;

            case 1:
                Check(organization, await db.Members.Where(m => m.NormalizedEmail == "SAME@EXAMPLE.TEST").Select(m => m.UserName).Take(1).ToListAsync(cancellationToken));
                break;

            case 2:
                // Thrown in the middle of a result, the reader still open.
                await foreach (var name in db.Members.Select(m => m.UserName).AsAsyncEnumerable().WithCancellation(cancellationToken))
                {
                    Check(organization, [name]);
                    throw new ThrownOnPurposeException();
                }

                break;

            case 3:
                await db.InTransactionAsync<int>(
                    async () =>
                    {
                        Check(organization, await db.Members.Select(m => m.UserName).ToListAsync(cancellationToken));
                        db.Audit("rolled.back", Actor.System, null, organization.Identifier, DateTimeOffset.UnixEpoch);
                        await db.SaveChangesAsync(cancellationToken);
                        throw new ThrownOnPurposeException();
                    },
                    cancellationToken);
                break;

            default:
                db.Audit("storm", Actor.System, null, organization.Identifier, DateTimeOffset.UnixEpoch);
                await db.SaveChangesAsync(cancellationToken);
                break;
        }
    }

    private void Check(Organization organization, List<string?> names)
    {
        if (names is not [var name] || name != organization.Identifier)
        {
            Wrong.Enqueue($"{organization.Identifier} read {string.Join(", ", names)}");
        }
    }

    private static bool IsCancellation(Exception? exception) =>
        exception is OperationCanceledException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
        || (exception?.InnerException is { } inner && IsCancellation(inner));
}
