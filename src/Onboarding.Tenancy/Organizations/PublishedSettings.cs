using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;
using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Organizations;

/// <summary>The part of an organization's settings and roles that requests need, as the catalogue holds it: read with the organization, at no query's cost.</summary>
public sealed record PublishedSettings
{
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) } };

    private FrozenDictionary<string, FrozenSet<string>>? roles;

    /// <summary>That of an organization that has settled nothing.</summary>
    public static PublishedSettings None { get; } = new();

    /// <summary>The revision of <see cref="OrganizationSettings"/> that it was made from.</summary>
    public long Revision { get; init; }

    /// <inheritdoc cref="OrganizationSettings.LogoUrl"/>
    public string? LogoUrl { get; init; }

    /// <inheritdoc cref="OrganizationSettings.MfaRequiredFrom"/>
    public DateTimeOffset? MfaRequiredFrom { get; init; }

    /// <summary>Whether a second factor is required by now.</summary>
    public bool RequiresMfa(DateTimeOffset now) => MfaRequiredFrom <= now;

    /// <inheritdoc cref="OrganizationSettings.SessionIdleMinutes"/>
    public int? SessionIdleMinutes { get; init; }

    /// <inheritdoc cref="OrganizationSettings.SessionAbsoluteMinutes"/>
    public int? SessionAbsoluteMinutes { get; init; }

    /// <inheritdoc cref="OrganizationSettings.MinPasswordLength"/>
    public int? MinPasswordLength { get; init; }

    /// <inheritdoc cref="OrganizationSettings.SignInMethods"/>
    public IReadOnlyList<SignInMethod> SignInMethods { get; init; } = [SignInMethod.Password, SignInMethod.Passkey];

    /// <summary>Whether a password signs in who has a passkey, too. Who has none needs the password to add the first.</summary>
    [JsonIgnore]
    public bool TakesPasswords => SignInMethods.Contains(SignInMethod.Password);

    /// <summary>The organization's own roles and what they may do.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> CustomRoles { get; init; } = FrozenDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>What <paramref name="role"/> may do; null when there is no such role.</summary>
    public IReadOnlySet<string>? PermissionsOf(string role) =>
        Roles.BuiltIn.TryGetValue(role, out var builtIn) ? builtIn
        : (roles ??= Freeze()).TryGetValue(role, out var permissions) ? permissions
        : null;

    internal string ToJson() => JsonSerializer.Serialize(this, Json);

    internal static PublishedSettings FromJson(string json) => json == "{}" ? None : JsonSerializer.Deserialize<PublishedSettings>(json, Json)!;

    private FrozenDictionary<string, FrozenSet<string>> Freeze() =>
        CustomRoles.ToFrozenDictionary(role => role.Key, role => role.Value.ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);
}
