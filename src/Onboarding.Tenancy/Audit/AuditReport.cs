namespace Onboarding.Tenancy.Audit;

/// <summary>What is wrong with an audit log.</summary>
public enum AuditFault
{
    /// <summary>A line is not what was sealed: it was changed, or its seal was made to mean another.</summary>
    EntryChanged,

    /// <summary>A line was sealed and is gone.</summary>
    EntryDeleted,

    /// <summary>A line was never sealed: it was written past the trigger, or its seal is gone.</summary>
    EntryUnsealed,

    /// <summary>The hash of a seal was changed; the line and the seal after it agree on what it was.</summary>
    SealChanged,

    /// <summary>Seals are gone from before this one, so nothing proves what it follows.</summary>
    SealsMissing,

    /// <summary>A head that was kept elsewhere is not in the chains: the log's end was cut off, or all of it was written anew.</summary>
    HeadUnknown,

    /// <summary>New lines are not sealed: the trigger is gone or switched off.</summary>
    SealingOff,

    /// <summary>There are no seals: the schema is older than they are, or somebody took them away.</summary>
    NoSeals,
}

/// <summary>One thing that is wrong with an audit log.</summary>
/// <param name="Fault">What it is.</param>
/// <param name="Lane">The chain, where it is about one.</param>
/// <param name="Sequence">The place in the chain, where there is one.</param>
/// <param name="EntryId">The line, where it is about one.</param>
/// <param name="OccurredAt">When the line says that it happened; null where the line is gone, or says no time that can be read.</param>
/// <param name="Action">What the line says that happened; null where the line is gone.</param>
public sealed record AuditFinding(AuditFault Fault, short? Lane = null, long? Sequence = null, Guid? EntryId = null, DateTimeOffset? OccurredAt = null, string? Action = null);

/// <summary>What the verification of one audit log came to.</summary>
/// <param name="Head">The last seals; null when nothing was ever sealed.</param>
/// <param name="Faults">How many things are wrong.</param>
/// <param name="Findings">The first of them, in the order of the chain.</param>
public sealed record AuditReport(AuditHead? Head, long Faults, IReadOnlyList<AuditFinding> Findings)
{
    /// <summary>Whether every line is what it was when it was written, and none is missing before <see cref="Head"/>.</summary>
    public bool IsProven => Faults == 0;
}
