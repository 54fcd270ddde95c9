using Onboarding.Tenancy.Outbox;

namespace Onboarding.Tenancy.Members;

/// <summary>What happens to somebody who has proven an address of a domain.</summary>
public enum ApprovalAction
{
    /// <summary>Comes in at once.</summary>
    Approve,

    /// <summary>Waits for an admin, as everybody without a rule does.</summary>
    Queue,

    /// <summary>Is turned down.</summary>
    Refuse,
}

/// <summary>A rule of an organization: e-mail domain to what happens (ONB-9). One domain has one rule.</summary>
public sealed class ApprovalRule
{
    private ApprovalRule()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>The domain behind the @, lower case, in ASCII form; subdomains are not meant.</summary>
    public string Domain { get; private init; } = "";

    /// <summary>What happens.</summary>
    public ApprovalAction Action { get; private init; }

    /// <summary>With <see cref="ApprovalAction.Approve"/>: the role to give, never <c>admin</c>; null for the others.</summary>
    public string? Role { get; private init; }

    /// <summary>When it was added.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>A new rule.</summary>
    public static (ApprovalRule Rule, ApprovalRuleAdded Event) Add(string domain, ApprovalAction action, string? role, DateTimeOffset now)
    {
        var rule = new ApprovalRule { Id = Ids.New(now), Domain = domain, Action = action, Role = role, CreatedAt = now };
        return (rule, new ApprovalRuleAdded(rule.Id, domain, action, role, now));
    }

    /// <summary>The event of its removal.</summary>
    public ApprovalRuleRemoved Remove(DateTimeOffset now) => new(Id, Domain, now);
}

/// <summary>A rule was added.</summary>
public sealed record ApprovalRuleAdded(Guid RuleId, string Domain, ApprovalAction Action, string? Role, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    internal const string Name = "approval_rule.added";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => RuleId;

    /// <inheritdoc/>
    public override string? AuditNote => Domain;
}

/// <summary>A rule was removed.</summary>
public sealed record ApprovalRuleRemoved(Guid RuleId, string Domain, DateTimeOffset OccurredAt) : DomainEvent(OccurredAt)
{
    internal const string Name = "approval_rule.removed";

    /// <inheritdoc/>
    public override string Type => Name;

    /// <inheritdoc/>
    public override Guid? SubjectId => RuleId;

    /// <inheritdoc/>
    public override string? AuditNote => Domain;
}
