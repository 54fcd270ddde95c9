using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Audit;

/// <summary>An audit log and its seals, as SQL: what PostgreSQL does when a line is written, and how a line is hashed.</summary>
/// <remarks>
/// <para>
/// A seal is <c>sha256(hash of the seal before || text of the line)</c>, and seals are chained. The text is a JSON array that begins with the
/// number of its format: the same on every server, whatever the session's settings, and without the organization's id or
/// the name of its schema, so that a copy of an organization proves the same. Format 1 is settled for ever, because what
/// was sealed with it has to be proven by it; another column is another format beside it.
/// </para>
/// <para>
/// The trigger waits for the COMMIT: writers of one log take a chain only then, when they wait for nothing else, so
/// they can deadlock with nobody. The lock is taken by a statement of its own, before the one that reads the last seal.
/// </para>
/// <para>
/// A chain is locked until its writer's COMMIT is on the disk, which would let those who commit at once flush one after the
/// other, at a third of the pace. So a log has several chains, its lanes: a writer takes the first that is free. Where
/// nobody writes at the same moment, there is one.
/// </para>
/// </remarks>
internal sealed class AuditSealing
{
    /// <summary>Of an organization, unqualified: the search path says whose.</summary>
    public static readonly AuditSealing Tenant = new("", "current_schema()", "{0}.actor_id, {0}.subject_id");

    /// <summary>Of the platform.</summary>
    public static readonly AuditSealing Platform = new($"{PlatformDbContext.Schema}.", $"'{PlatformDbContext.Schema}'", "{0}.actor_id, {0}.organization_id, {0}.subject_id");

    /// <summary>Of the lines.</summary>
    public const string LogTable = "audit_log";

    /// <summary>Of the seals.</summary>
    public const string SealTable = "audit_seals";

    /// <summary>Name of the trigger and of its function.</summary>
    public const string Name = "seal_audit_entry";

    // What the first seal follows.
    private const string Nothing = "decode(repeat('00', 32), 'hex')";

    /// <summary>How many chains a log has at most: as many write at once without waiting.</summary>
    public const int Lanes = 16;

    // The lock class of the first lane; any number that no other lock has. "SEAL".
    private const int LockClass = 0x5345414C;

    private readonly string qualifier;
    private readonly string schema;
    private readonly string parties;

    private AuditSealing(string qualifier, string schema, string parties) => (this.qualifier, this.schema, this.parties) = (qualifier, schema, parties);

    /// <summary>The lines, as SQL names them.</summary>
    public string Log => qualifier + LogTable;

    /// <summary>The seals, as SQL names them.</summary>
    public string Seals => qualifier + SealTable;

    /// <summary>For the owner, in its transaction: lines that come now bring their seals with them, as those of an archive do.</summary>
    public string Pause => $"ALTER TABLE {Log} DISABLE TRIGGER {Name};";

    /// <summary>Ends <see cref="Pause"/>; a transaction that fails before ends it too.</summary>
    public string Resume => $"ALTER TABLE {Log} ENABLE TRIGGER {Name};";

    /// <summary>What is hashed of one line, as a SQL expression.</summary>
    /// <param name="entry">What the row of the line is called.</param>
    /// <param name="lane">Expression of its chain.</param>
    /// <param name="sequence">Expression of its place in the chain.</param>
    public string Text(string entry, string lane, string sequence) =>
        $"convert_to(jsonb_build_array(1, {lane}, {sequence}, {entry}.id, (extract(epoch FROM {entry}.occurred_at) * 1000000)::bigint, {entry}.action, {entry}.actor_kind, {parties.Replace("{0}", entry, StringComparison.Ordinal)}, {entry}.note, {entry}.ip_address, {entry}.request_id)::text, 'UTF8')";

    /// <summary>Whether a line says a time that a program can read, as a SQL expression. New lines of organizations do, by their constraint.</summary>
    public static string HasTime(string entry) => $"({entry}.occurred_at >= '1970-01-01 00:00:00+00' AND {entry}.occurred_at < '10000-01-01 00:00:00+00')";

    /// <summary>Whether a line's time is one of which <see cref="Text"/> can be made, as a SQL expression: where not, it was never sealed like that.</summary>
    public static string CanBeSealed(string entry) => $"({entry}.occurred_at > '-infinity' AND {entry}.occurred_at < '294247-01-01 00:00:00+00')";

    /// <summary>A hash of the chain, as a SQL expression.</summary>
    /// <param name="previous">Expression of the hash before it; null for the first.</param>
    /// <param name="text">Expression of the line's text.</param>
    public static string Hash(string previous, string text) => $"sha256(coalesce({previous}, {Nothing}) || {text})";

    /// <summary>Makes the function and its trigger. From then on nobody writes a line without its seal.</summary>
    /// <remarks>
    /// The function has its owner's rights, so it looks into one schema only, and nobody else may put it on a table of
    /// theirs. A transaction that sees an older state than the last seal (REPEATABLE READ) fails with 40001 instead of
    /// forking the chain.
    /// </remarks>
    public string Create => $"""
        CREATE FUNCTION {qualifier}{Name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $seal$
        DECLARE
          taken int := 0;
          place bigint;
          chained bytea;
        BEGIN
          WHILE NOT pg_try_advisory_xact_lock({LockClass} + taken, TG_RELID::int) LOOP
            taken := taken + 1;
            IF taken = {Lanes} THEN
              taken := pg_backend_pid() % {Lanes};
              PERFORM pg_advisory_xact_lock({LockClass} + taken, TG_RELID::int);
              EXIT;
            END IF;
          END LOOP;
          SELECT s.sequence, s.hash INTO place, chained FROM {SealTable} s WHERE s.lane = taken ORDER BY s.sequence DESC LIMIT 1;
          place := coalesce(place, 0) + 1;
          INSERT INTO {SealTable} (lane, sequence, entry_id, hash) VALUES (taken, place, NEW.id, {Hash("chained", Text("NEW", "taken", "place"))}) ON CONFLICT (lane, sequence) DO NOTHING;
          IF NOT FOUND THEN
            RAISE EXCEPTION 'seal % of lane % is taken', place, taken USING ERRCODE = 'serialization_failure';
          END IF;
          RETURN NULL;
        END
        $seal$;
        DO $path$ BEGIN
          EXECUTE format('ALTER FUNCTION {qualifier}{Name}() SET search_path = %I, pg_temp', {schema});
        END $path$;
        REVOKE ALL ON FUNCTION {qualifier}{Name}() FROM PUBLIC;
        CREATE CONSTRAINT TRIGGER {Name} AFTER INSERT ON {Log} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {qualifier}{Name}();
        """;

    /// <summary>Seals the lines that are there already, in the order of their ids, as one chain; those of which no text can be made stay without.</summary>
    public string SealExisting => $"""
        DO $existing$ DECLARE
          e record;
          place bigint := 0;
          chained bytea;
        BEGIN
          FOR e IN SELECT * FROM {Log} l WHERE {CanBeSealed("l")} ORDER BY id LOOP
            place := place + 1;
            chained := {Hash("chained", Text("e", "0", "place"))};
            INSERT INTO {Seals} (lane, sequence, entry_id, hash) VALUES (0, place, e.id, chained);
          END LOOP;
        END $existing$;
        """;
}
