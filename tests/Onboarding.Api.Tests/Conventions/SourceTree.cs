using System.Runtime.CompilerServices;

namespace Onboarding.Api.Tests.Conventions;

/// <summary>The repository that these tests were built from.</summary>
internal static class SourceTree
{
    /// <summary>The folder <c>src</c>.</summary>
    public static string Sources { get; } = Path.Combine(Root(), "src");

    /// <summary>Every file of this kind that somebody wrote, such as <c>*.cs</c>, with its text.</summary>
    public static IEnumerable<(string Path, string Text)> Files(string pattern) => Directory
        .EnumerateFiles(Sources, pattern, SearchOption.AllDirectories)
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj"))
        .Select(path => (Path.GetRelativePath(Sources, path), File.ReadAllText(path)));

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
