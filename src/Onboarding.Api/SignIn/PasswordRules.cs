using Microsoft.AspNetCore.Http.HttpResults;
using Onboarding.Api.Development;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.SignIn;

/// <summary>What a password has to be: long, not common, and not made of what anybody knows about its owner.</summary>
/// <remarks>
/// No composition rules and any Unicode (SEC-16; NIST SP 800-63B-4, section 3.1.1.2). Common passwords and patterns
/// come from zxcvbn's offline lists (SEC-17).
/// </remarks>
internal static class PasswordRules
{
    /// <summary>An organization may ask for more (<see cref="OrganizationSettings.MinPasswordLength"/>), and never for less.</summary>
    public const int MinLength = 12;

    /// <summary>Far above what people type, and low enough that a megabyte is no password.</summary>
    public const int MaxLength = 256;

    private const int Recommended = 15;

    // 3 of 0-4: more than 10^8 guesses for somebody who knows the lists.
    private const int MinScore = 3;

    // zxcvbn's matching is quadratic; what follows the first 100 characters can only add to the strength.
    private const int Estimated = 100;

    /// <summary>What is wrong with a member's password, as sentences; empty when it is good.</summary>
    public static IReadOnlyList<string> Reasons(string password, Member member, Organization organization) =>
        Reasons(password, Math.Max(MinLength, organization.Settings.MinPasswordLength ?? 0), [.. ContextWords(member, organization)]);

    /// <summary>The same as an answer: 400 <c>password.weak</c>; null when it is good.</summary>
    public static ProblemHttpResult? Refusal(string password, Member member, Organization organization) =>
        Reasons(password, member, organization) is { Count: > 0 } reasons
            ? Problems.BadRequest("password.weak", "Choose a stronger password.", new Dictionary<string, object?> { ["reasons"] = reasons })
            : null;

    /// <summary>What is wrong with a super admin's, who belongs to no organization.</summary>
    public static IReadOnlyList<string> ReasonsForOperator(string password, string userName) => Reasons(password, MinLength, [userName, "onboarding"]);

    private static List<string> Reasons(string password, int minLength, IReadOnlyList<string> context)
    {
        var reasons = new List<string>();
        if (password.EnumerateRunes().Count() < minLength)
        {
            reasons.Add($"Use at least {minLength} characters{(minLength < Recommended ? $"; {Recommended} or more are better" : "")}.");
        }

        if (password == DemoData.Password)
        {
            reasons.Add("This is the password of the demo accounts; everybody knows it.");
        }

        if (context.Any(word => password.Contains(word, StringComparison.OrdinalIgnoreCase)))
        {
            reasons.Add("Do not use your name, your e-mail address or the organization's name in it.");
        }

        var judged = password.Length > Estimated ? password[..Estimated] : password;
        if (reasons.Count == 0 && Zxcvbn.Zxcvbn.MatchPassword(judged, context).Score < MinScore)
        {
            reasons.Add("It is too common or too easy to guess; a few unrelated words make a good one.");
        }

        return reasons;
    }

    // Shorter words would refuse passwords that merely contain a syllable.
    private static IEnumerable<string> ContextWords(Member member, Organization organization) =>
        new[] { member.UserName!, member.Email!, member.Email!.Split('@')[0], organization.Identifier, organization.Name }
            .Concat(member.FullName.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(word => word.Length >= 4)
            .Distinct(StringComparer.OrdinalIgnoreCase);
}
