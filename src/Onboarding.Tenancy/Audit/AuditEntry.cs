namespace Onboarding.Tenancy.Audit;

/// <summary>
/// One line of an organization's audit log. Written in the transaction that it reports; the application's role may
/// insert and read such lines, never change or delete them (SEC-48).
/// </summary>
public sealed class AuditEntry
{
    private AuditEntry()
    {
    }

    /// <summary>UUIDv7: the order of the log.</summary>
    public Guid Id { get; private init; }

    /// <summary>When it happened.</summary>
    public DateTimeOffset OccurredAt { get; private init; }

    /// <summary>What happened, such as <c>member.approved</c> or <c>sign_in.failed</c>.</summary>
    public string Action { get; private init; } = "";

    /// <summary>What kind of party did it: the name of an <see cref="Audit.ActorKind"/>, or of one that only a later version knows.</summary>
    public string ActorKind { get; private init; } = "";

    /// <summary>Who did it; null for the anonymous and the system.</summary>
    public Guid? ActorId { get; private init; }

    /// <summary>The member, or whatever else it is about, when there is one.</summary>
    public Guid? SubjectId { get; private init; }

    /// <summary>Free text of the person who decided, or a machine-readable reason.</summary>
    public string? Note { get; private init; }

    /// <summary>Address that the request came from.</summary>
    public string? IpAddress { get; private init; }

    /// <summary>Trace id of the request.</summary>
    public string? RequestId { get; private init; }

    internal static AuditEntry Of(string action, Actor actor, Guid? subjectId, string? note, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        OccurredAt = now,
        Action = action,
        ActorKind = actor.KindName,
        ActorId = actor.Id,
        SubjectId = subjectId,
        Note = note,
        IpAddress = actor.IpAddress,
        RequestId = actor.RequestId,
    };
}
