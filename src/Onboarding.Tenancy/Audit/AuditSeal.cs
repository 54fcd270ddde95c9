namespace Onboarding.Tenancy.Audit;

/// <summary>
/// One link of the chains that hold an audit log together. PostgreSQL makes it when the line's transaction commits; the
/// application only reads it (SEC-48).
/// </summary>
public sealed class AuditSeal
{
    private AuditSeal()
    {
    }

    /// <summary>Which chain: a log has several, so that who commits at the same moment need not wait for one another.</summary>
    public short Lane { get; private init; }

    /// <summary>1, 2, 3 and so on without a gap, in the order of the lane's commits.</summary>
    public long Sequence { get; private init; }

    /// <summary>The line that it seals.</summary>
    public Guid EntryId { get; private init; }

    /// <summary>SHA-256 over the hash before it in its lane and the line.</summary>
    public byte[] Hash { get; private init; } = [];
}
