namespace Onboarding.Api.Features;

/// <summary>What names and addresses have to look like, wherever they are given.</summary>
internal static class NameRules
{
    public const string UserName = @"[\p{L}\p{N}._-]{3,64}";
    public const string NoUserName = "A user name has 3 to 64 letters, digits, dots, dashes or underscores.";
    public const string Email = @"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*";
    public const string NoEmail = "This is not an e-mail address.";

    /// <summary>
    /// Of a person, an organization or a thing. Characters that turn the direction of what follows could make a name read
    /// as another one in a list or a mail (Unicode Technical Report 36, section 2.4).
    /// </summary>
    public const string Name = @"\s*[^\s" + Unseen + "][^" + Unseen + "]*";
    public const string NoName = "A name has at least one letter, and no characters that control or turn the text.";

    private const string Unseen = @"\p{Cc}\u202A-\u202E\u2066-\u2069";
}
