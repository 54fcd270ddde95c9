using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Organizations;

/// <summary>A person who runs the platform. Belongs to no organization and can enter none by this account (SEC-37).</summary>
public sealed class SuperAdmin
{
    private SuperAdmin()
    {
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>Name to sign in with.</summary>
    public string UserName { get; private init; } = "";

    /// <summary>The form in which names are compared.</summary>
    public string NormalizedUserName { get; private init; } = "";

    /// <summary>Hash of the password, in ASP.NET Core Identity's format.</summary>
    public string PasswordHash { get; private init; } = "";

    /// <summary>When the account was made.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>A new account.</summary>
    public static SuperAdmin Create(string userName, string passwordHash, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        UserName = userName,
        NormalizedUserName = Member.Normalize(userName),
        PasswordHash = passwordHash,
        CreatedAt = now,
    };
}
