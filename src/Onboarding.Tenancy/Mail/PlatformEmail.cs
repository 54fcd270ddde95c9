namespace Onboarding.Tenancy.Mail;

/// <summary>A composed mail that belongs to no organization. Its content is encrypted, and the row goes once it is sent or given up (SEC-9).</summary>
/// <remarks><see cref="DueAt"/> is both schedule and lease, as with <see cref="Work.WorkItem"/>.</remarks>
public sealed class PlatformEmail
{
    private PlatformEmail()
    {
    }

    /// <summary>UUIDv7; also part of its Message-Id, so that a repeat after a crash is recognizable.</summary>
    public Guid Id { get; private init; }

    /// <summary>The row that it is about; a newer mail about it takes the place of one that waits.</summary>
    public Guid AboutId { get; private init; }

    /// <summary>Which mail it is.</summary>
    public string Template { get; private init; } = "";

    /// <summary>Address, name and content, encrypted.</summary>
    public byte[] Content { get; private init; } = [];

    /// <summary>When it was composed.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When what it carries stops being good.</summary>
    public DateTimeOffset ExpiresAt { get; private init; }

    /// <summary>When it is to be sent, or tried again.</summary>
    public DateTimeOffset DueAt { get; private init; }

    /// <summary>How often it has been tried.</summary>
    public int Attempt { get; private init; }

    /// <summary>Fence of the current claim; only its holder finishes or reschedules.</summary>
    public Guid? ClaimId { get; private init; }

    /// <summary>A composed mail, ready to be sent.</summary>
    public static PlatformEmail Compose(Guid aboutId, string template, byte[] content, DateTimeOffset expiresAt, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        AboutId = aboutId,
        Template = template,
        Content = content,
        CreatedAt = now,
        ExpiresAt = expiresAt,
        DueAt = now,
    };
}
