using Npgsql;

namespace Onboarding.Tenancy.Data;

/// <summary>The months of <c>webhook_attempts</c>: made ahead, and dropped as a whole when they are over (HOOK-25).</summary>
/// <remarks>
/// Neither the application nor an organization's role may create or drop tables, so the owner lends one function that
/// can do this and nothing else. What no month has room for goes into a default partition, and nothing is ever refused.
/// </remarks>
public sealed class WebhookAttemptPartitions(NpgsqlDataSource dataSource)
{
    internal const string Name = "platform.roll_webhook_attempts(uuid, timestamptz, interval)";

    internal const string Function = """
        CREATE OR REPLACE FUNCTION platform.roll_webhook_attempts(organization uuid, moment timestamptz, kept interval) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $function$
        DECLARE
          home text := 'org_' || replace(organization::text, '-', '');
          month timestamp;
          part text;
        BEGIN
          FOR ahead IN 0..1 LOOP
            month := date_trunc('month', moment AT TIME ZONE 'UTC') + make_interval(months => ahead);
            part := 'webhook_attempts_' || to_char(month, 'YYYYMM');
            IF to_regclass(format('%I.%I', home, part)) IS NULL THEN
              BEGIN
                EXECUTE format(
                  'CREATE TABLE %I.%I PARTITION OF %I.webhook_attempts FOR VALUES FROM (%L) TO (%L)',
                  home, part, home, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
              EXCEPTION WHEN check_violation THEN
                NULL; -- The default partition has rows of this month already; they stay there.
              END;
            END IF;
          END LOOP;
          FOR part IN
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = to_regclass(format('%I.webhook_attempts', home)) AND c.relname ~ '^webhook_attempts_\d{6}$'
              AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= (moment - kept) AT TIME ZONE 'UTC'
          LOOP
            EXECUTE format('DROP TABLE %I.%I', home, part);
          END LOOP;
        END
        $function$;
        """;

    /// <summary>Makes this and the next month of one organization, and drops the months that ended longer ago than <paramref name="kept"/>.</summary>
    public async Task RollAsync(Guid organization, DateTimeOffset now, TimeSpan kept, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT platform.roll_webhook_attempts($1, $2, $3)");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = organization });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = now });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = kept });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
