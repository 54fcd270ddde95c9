using System.Collections.Frozen;
using System.Text.Json;

namespace Onboarding.Tenancy.Organizations;

/// <summary>What a super admin has settled for one organization, whatever its plan says.</summary>
public sealed record PlanOverrides
{
    /// <summary>Nothing.</summary>
    public static PlanOverrides None { get; } = new();

    /// <summary>Features that are on or off, by name.</summary>
    public IReadOnlyDictionary<string, bool> Features { get; init; } = FrozenDictionary<string, bool>.Empty;

    /// <summary>Quotas, by name.</summary>
    public IReadOnlyDictionary<string, long> Quotas { get; init; } = FrozenDictionary<string, long>.Empty;

    internal string ToJson() => JsonSerializer.Serialize(this);

    internal static PlanOverrides FromJson(string json) => json == "{}" ? None : JsonSerializer.Deserialize<PlanOverrides>(json, Strict)!;

    // No member is null: what an archive claims is read by this too.
    private static readonly JsonSerializerOptions Strict = new() { RespectNullableAnnotations = true };
}
