using Microsoft.Extensions.Logging;
using Npgsql;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Tenancy.Isolation;

/// <summary>One row from each of many organizations in one round trip, for whoever looks over all of them: those that cannot be read are left out, and hide no other.</summary>
/// <remarks>
/// Answers come in the order of the questions, so it is the first without one that failed: it is left out, and the rest is asked
/// again. PostgreSQL itself ends a question that takes too long, so that a lock on one schema is that schema's alone.
/// </remarks>
public sealed partial class TenantSurvey(NpgsqlDataSource dataSource, TimeProvider clock, ILogger<TenantSurvey> logger)
{
    private const string EndLate = "SET LOCAL statement_timeout = '1s'";

    /// <summary>What is asked takes milliseconds; this is for PostgreSQL to say that it took a second.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(2);

    /// <summary>Until then it is asked again, for those that are left.</summary>
    private static readonly TimeSpan LongestSurvey = TimeSpan.FromSeconds(10);

    /// <summary>Asks each organization.</summary>
    /// <param name="organizations">Whose schemas can be expected to be there.</param>
    /// <param name="sql">Returns one row; it runs with the organization's role and search path.</param>
    /// <param name="read">Reads that row.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was read, by organization id; without those that could not be.</returns>
    public async Task<IReadOnlyDictionary<Guid, T>> AskAsync<T>(IEnumerable<Organization> organizations, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var (since, answers, left, anew) = (clock.GetTimestamp(), new Dictionary<Guid, T>(), organizations.ToList(), false);
        while (left.Count > 0)
        {
            await using var batch = TenantBatch.Of(dataSource);
            batch.Timeout = LongestAnswer;
            batch.AddShared(EndLate);
            foreach (var organization in left)
            {
                batch.AddQuery(organization, row => answers[organization.Key] = read(row), sql);
            }

            try
            {
                await batch.ExecuteAsync(cancellationToken);
                break;
            }
            catch (Exception exception) when (exception is NpgsqlException or UnreadableRowException)
            {
                left.RemoveAll(o => answers.ContainsKey(o.Key));
                if (left.Count == 0)
                {
                    break;
                }

                // A new connection knows the role; whoever is not seen by that one either is left out like the others.
                if (!anew && TransientFailures.IsRoleUnseen(exception))
                {
                    anew = true;
                    continue;
                }

                Unreadable(exception, left[0].Id);
                if (exception is not (PostgresException or UnreadableRowException) || clock.GetElapsedTime(since) > LongestSurvey)
                {
                    Unasked(left.Count);
                    break;
                }

                left.RemoveAt(0);
            }
        }

        return answers;
    }

    [LoggerMessage(LogLevel.Warning, "Organization {Organization} could not be read.")]
    private partial void Unreadable(Exception exception, string organization);

    [LoggerMessage(LogLevel.Warning, "{Count} organizations were not read.")]
    private partial void Unasked(int count);
}
