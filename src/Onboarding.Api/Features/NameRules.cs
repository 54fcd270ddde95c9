using System.Text.RegularExpressions;

namespace Onboarding.Api.Features;

/// <summary>What names and addresses have to look like, wherever they are given.</summary>
internal static class NameRules
{
    /// <summary>
    /// Letters and digits of any script, but none that Unicode takes for another way to write such ones, as the full
    /// width forms are: of two names that look the same one would pass for the other (ONB-5).
    /// </summary>
    public const string UserName = @"(?!.*[" + SameAsOthers + @"])[\p{L}\p{N}._-]{3,64}";
    public const string NoUserName = "A user name has 3 to 64 plain letters, digits, dots, dashes or underscores.";
    public const string Email = @"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*";
    public const string NoEmail = "This is not an e-mail address.";

    /// <summary>
    /// Of a person, an organization or a thing. Characters that turn the direction of what follows could make a name read
    /// as another one in a list or a mail (Unicode Technical Report 36, section 2.4).
    /// </summary>
    public const string Name = "^(?:(?!" + Seen + ")[^" + Turning + "])*" + Seen + "[^" + Turning + "]*";
    public const string NoName = "A name has at least one letter, and no characters that control or turn the text.";

    /// <summary>What somebody is to read later, such as a reason: as <see cref="Name"/>, in any number of lines.</summary>
    public const string Text = "^(?:(?!" + Seen + @")(?:[\t\r\n]|[^" + Turning + "]))*" + Seen + @"(?:[\t\r\n]|[^" + Turning + "])*";
    public const string NoText = "This has at least one letter, and no characters that control or turn the text.";

    /// <summary>Whether the whole of a text is as a rule says, for what comes in another way than a request.</summary>
    public static bool Fits(string text, string rule) => Regex.Match(text, rule, RegexOptions.CultureInvariant) is { Success: true, Index: 0, Length: var length } && length == text.Length;

    // Letters and numbers whose compatibility form (NFKC) is made of others that are allowed, and the parts of Korean
    // syllables (Unicode 15). Computed here the form itself would need ICU on every machine.
    private const string SameAsOthers =
        @"\u00AA-\u00BA\u0132-\u0133\u0149\u017F\u01C4-\u01CC\u01F1-\u01F3\u02B0-\u02B8\u02E0-\u02E4\u0374\u03D0-\u03D6" +
        @"\u03F0-\u03F2\u03F4-\u03F5\u03F9\u0587\u0675-\u0678\u0EDC-\u0EDD\u10FC\u1100-\u11FF\u1D2C-\u1D2E\u1D30-\u1D3A" +
        @"\u1D3C-\u1D4D\u1D4F-\u1D6A\u1D78\u1D9B-\u1DBF\u1E9A-\u1E9B\u1F71\u1F73\u1F75\u1F77\u1F79\u1F7B\u1F7D\u1FBB\u1FBE\u1FC9" +
        @"\u1FCB\u1FD3\u1FDB\u1FE3\u1FEB\u1FF9\u1FFB\u2070-\u2131\u2133-\u2149\u2160-\u217F\u2460-\u2473\u2488-\u24EA\u2C7C-\u2C7D" +
        @"\u2D6F\u3038-\u303A\u309F\u30FF\u3131-\u3195\u3251-\u32BF\uA69C-\uA69D\uA770\uA7F2-\uA7F4\uA7F8-\uA7F9\uA960-\uA97F" +
        @"\uAB5C-\uAB5F\uAB69\uD7B0-\uD7FF\uF900-\uFA0D\uFA10\uFA12\uFA15-\uFA1E\uFA20\uFA22\uFA25-\uFA26\uFA2A-\uFB17" +
        @"\uFB20-\uFB28\uFB4F-\uFC5A\uFC64-\uFC8F\uFC91-\uFCD8\uFCDA-\uFCF1\uFCF5-\uFD3B\uFD50-\uFDF9\uFE80-\uFF9D\uFFA0-\uFFDC";

    private const string Turning = @"\p{Cc}\u202A-\u202E\u2066-\u2069";

    // A letter, a number or a sign, of any plane; but no filler of a letter's width, no blank pattern of Braille, and nothing
    // that draws nothing by itself: what controls music and shorthand, the filler of Khitan, and the tags and selectors of plane 14.
    private const string Unseen = @"[\u115F\u1160\u2800\u3164\uFFA0\uDB40-\uDB43]|\uD834[\uDD59\uDD73-\uDD7A]|\uD82F[\uDCA0-\uDCA3]|\uD81B\uDFE4";
    private const string Seen = "(?!" + Unseen + @")(?:[\p{L}\p{N}\p{P}\p{S}]|[\uD800-\uDBFF][\uDC00-\uDFFF])";
}
