using Npgsql;

namespace Onboarding.Tenancy.Audit;

/// <summary>Says of a chain's odd links what is wrong with them, in the order in which they come.</summary>
/// <remarks>
/// A line that does not fit its seal was changed, or its seal was: the next seal tells which, because it was made of the
/// hash that stood there then.
/// </remarks>
internal sealed class AuditJudge(AuditHead? expected)
{
    /// <summary>How many findings are told; the rest are counted.</summary>
    private const int Told = 100;

    private readonly List<AuditFinding> findings = [];
    private readonly SortedDictionary<int, (long Sequence, byte[] Hash)> last = [];
    private readonly SortedDictionary<int, (long Sequence, byte[] Hash)> kept = [];
    private long faults;

    // Does not fit; the next link says why.
    private AuditFinding? open;

    /// <summary>Reads whether new lines are sealed.</summary>
    public void ReadTrigger(NpgsqlDataReader row)
    {
        if (!row.GetBoolean(0))
        {
            Add(new(AuditFault.SealingOff));
        }
    }

    /// <summary>Reads one link, or one line without.</summary>
    public void ReadLine(NpgsqlDataReader row)
    {
        var line = new AuditFinding(
            AuditFault.EntryUnsealed,
            row.IsDBNull(0) ? null : row.GetInt16(0),
            row.IsDBNull(1) ? null : row.GetInt64(1),
            row.GetGuid(2),
            row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4),
            row.IsDBNull(5) ? null : row.GetString(5));
        if (line is not { Lane: { } lane, Sequence: { } sequence })
        {
            Close(AuditFault.EntryChanged);
            Add(line);
            return;
        }

        var seal = (sequence, row.GetFieldValue<byte[]>(3));
        if (row.GetBoolean(7))
        {
            last[lane] = seal;
        }

        if (expected?.Sequences.ElementAtOrDefault(lane) == sequence)
        {
            kept[lane] = seal;
        }

        Judge(line, sequence, isThere: row.GetBoolean(6), before: row.GetInt64(8), fits: !row.IsDBNull(9) && row.GetBoolean(9), fitsComputed: !row.IsDBNull(10) && row.GetBoolean(10));
    }

    /// <summary>What it came to.</summary>
    public AuditReport Report()
    {
        Close(AuditFault.EntryChanged);
        if (expected is not null && AuditHead.Of(kept) != expected)
        {
            Add(new(AuditFault.HeadUnknown));
        }

        return new(AuditHead.Of(last), faults, findings);
    }

    private void Judge(AuditFinding line, long sequence, bool isThere, long before, bool fits, bool fitsComputed)
    {
        var follows = before == sequence - 1;
        var explains = follows && !fits && fitsComputed && open is not null && (open.Lane, open.Sequence) == (line.Lane, before);
        Close(explains ? AuditFault.SealChanged : AuditFault.EntryChanged);
        if (!follows)
        {
            Add(line with { Fault = AuditFault.SealsMissing });
        }

        if (!isThere)
        {
            Add(line with { Fault = AuditFault.EntryDeleted });
        }
        else if (follows && !fits && !explains)
        {
            open = line;
        }
    }

    private void Close(AuditFault fault)
    {
        if (open is not null)
        {
            Add(open with { Fault = fault });
            open = null;
        }
    }

    private void Add(AuditFinding finding)
    {
        faults++;
        if (findings.Count < Told)
        {
            findings.Add(finding);
        }
    }
}
