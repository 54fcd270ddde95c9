using System.Text.RegularExpressions;

namespace Onboarding.Api.Tests.Conventions;

/// <summary>What stands nowhere in the source, because once would be enough to leak one organization's rows to another (adversarial isolation test 3).</summary>
public sealed partial class SourceTests
{
    [Fact] // SEC-4
    public void No_sql_sets_anything_for_longer_than_a_transaction()
    {
        var found = Files().SelectMany(file => SessionSettings().Matches(file.Text).Select(match => $"{file.Path}: {match.Value.Trim()}")).ToList();
        Assert.Empty(found);
    }

    [Theory] // The pattern itself: what it has to find, and what it has to leave alone.
    [InlineData("\"SET search_path TO acme\"", true)]
    [InlineData("\"set role acme\"", true)]
    [InlineData("; SET SESSION AUTHORIZATION acme", true)]
    [InlineData("\"SET SESSION search_path = acme\"", true)]
    [InlineData("RESET ALL", true)]
    [InlineData("DISCARD ALL", true)]
    [InlineData("set_config('search_path', @schema, false)", true)]
    [InlineData("set_config('role', $1, FALSE)", true)]
    [InlineData("\"SET LOCAL lock_timeout = '1s'\"", false)]
    [InlineData("set_config('role', @tenant_schema, true)", false)]
    [InlineData("UPDATE members SET role = 'user'", false)]
    [InlineData("ALTER ROLE x SET search_path = nobody", false)]
    [InlineData("public string Role { get; private set; }", false)]
    public void A_session_level_setting_is_recognized(string sql, bool isOne) => Assert.Equal(isOne, SessionSettings().IsMatch(sql));

    [Theory]
    [InlineData(@"\bTransactionScope\b")]
    [InlineData(@"\bIgnoreQueryFilters\b")]
    [InlineData(@"\bHasDefaultSchema\b(?!\((?:Schema|""platform""|""billing"")\))")] // One model for all organizations; what they share alone has schemas of fixed names.
    [InlineData(@"\bHasQueryFilter\b")]
    [InlineData(@"\bEnableSensitiveDataLogging\b")]
    public void What_undoes_the_isolation_is_not_used(string pattern)
    {
        // A comment may say what is not to be used.
        var code = Files().Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal)).Select(file => (file.Path, Text: Comments().Replace(file.Text, "")));
        Assert.Empty(code.Where(file => Regex.IsMatch(file.Text, pattern)).Select(file => file.Path));
    }

    private static IEnumerable<(string Path, string Text)> Files()
    {
        var files = SourceTree.Files("*.cs").Concat(SourceTree.Files("*.sql")).ToList();
        Assert.Contains(files, file => file.Text.Contains("set_config('role'", StringComparison.Ordinal));
        return files;
    }

    // SET at the beginning of a statement; an UPDATE's SET has a table in front of it, and ALTER ROLE's a role.
    [GeneratedRegex(
        """(?:^|["';])\s*SET\s+(?!LOCAL\b)(?:SESSION\b|ROLE\b|[a-z_.]+\s*(?:=|TO\b))|\bRESET\s+(?:ALL|ROLE|[a-z_]*path)\b|\bDISCARD\s+ALL\b|set_config\s*\([^()]*,\s*false\s*\)""",
        RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex SessionSettings();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comments();
}
