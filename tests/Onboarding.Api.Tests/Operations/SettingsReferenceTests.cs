using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Onboarding.Api.Tests.Conventions;

namespace Onboarding.Api.Tests.Operations;

/// <summary>docs/configuration.md says what there is to be configured: it is made of the options' own classes, and so is right.</summary>
public sealed partial class SettingsReferenceTests
{
    private static readonly Assembly[] Product = [typeof(Onboarding.Api.SignIn.PlatformOptions).Assembly, typeof(Tenancy.TenancyOptions).Assembly, typeof(Onboarding.Billing.BillingOptions).Assembly, typeof(Onboarding.Webhooks.WebhookOptions).Assembly];

    private static readonly Dictionary<string, XElement> Docs = Product
        .SelectMany(assembly => XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member"))
        .DistinctBy(member => member.Attribute("name")!.Value) // what generators add is in several
        .ToDictionary(member => member.Attribute("name")!.Value);

    [Fact]
    public void The_reference_is_what_the_options_say()
    {
        // Whoever adds a setting replaces the file by the one that this test leaves beside the test program.
        var now = Reference();
        var made = Path.Combine(AppContext.BaseDirectory, "configuration.now.md");
        File.WriteAllText(made, now);
        Assert.Equal(File.ReadAllText(Path.Combine(SourceTree.Sources, "..", "docs", "configuration.md"), Encoding.UTF8).ReplaceLineEndings("\n"), now);
    }

    [Fact]
    public void Every_setting_says_what_it_is() =>
        Assert.Empty(Sections().SelectMany(section => Settings(section.Type, section.Name)).Where(setting => setting.Meaning.Length == 0).Select(setting => setting.Name));

    private static string Reference()
    {
        var text = new StringBuilder("""
            # Configuration

            Everything that can be settled. Each setting is a line of `appsettings.json` beside the program, an environment
            variable (`Web__PublicUrl` for `Web:PublicUrl`) or an argument (`--Web:PublicUrl=https://example.com`); a start with a
            setting that is missing or not acceptable ends with a sentence. Times are `days.hours:minutes:seconds`.

            """.ReplaceLineEndings("\n"));
        foreach (var (type, name) in Sections())
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {name}\n\n{Meaning($"T:{type.FullName}")}\n\n| setting | default | what it is |\n|---|---|---|\n");
            foreach (var setting in Settings(type, name))
            {
                text.Append(CultureInfo.InvariantCulture, $"| `{setting.Name}` | {setting.Default} | {setting.Meaning} |\n");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<(Type Type, string Name)> Sections() => Product.SelectMany(assembly => assembly.GetTypes())
        .Select(type => (Type: type, Name: type.GetField("Section", BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly) is { IsLiteral: true } section ? (string)section.GetRawConstantValue()! : ""))
        .Where(section => section.Name.Length > 0)
        .OrderBy(section => section.Name, StringComparer.Ordinal);

    private sealed record Setting(string Name, string Default, string Meaning);

    private static IEnumerable<Setting> Settings(Type type, string prefix) => Settings(type, prefix, Activator.CreateInstance(type)!);

    private static IEnumerable<Setting> Settings(Type type, string prefix, object values)
    {
        foreach (var property in type.GetProperties().OrderBy(property => property.MetadataToken).Where(IsSetting))
        {
            var (name, value) = ($"{prefix}:{property.Name}", property.GetValue(values));
            var meaning = Meaning($"P:{type.FullName}.{property.Name}");
            if (property.PropertyType.IsClass && property.PropertyType.Assembly == type.Assembly)
            {
                foreach (var inner in Settings(property.PropertyType, name, value!))
                {
                    yield return inner with { Meaning = $"{meaning} {inner.Meaning}".Trim() };
                }
            }
            else if (property.PropertyType.IsGenericType && property.PropertyType.GetGenericArguments()[^1] is { IsClass: true } element && element.Assembly == type.Assembly)
            {
                foreach (var inner in Settings(element, property.PropertyType.IsAssignableTo(typeof(IDictionary)) || property.PropertyType.GetGenericArguments().Length == 2 ? $"{name}:{{name}}" : $"{name}:{{n}}"))
                {
                    yield return inner;
                }
            }
            else
            {
                yield return new(value is IEnumerable and not string ? $"{name}:{(property.PropertyType.GetGenericArguments().Length == 2 ? "{name}" : "{n}")}" : name, Default(value), $"{meaning} {Limits(property)}".Trim());
            }
        }
    }

    // What is derived from other settings has no setter, unless it is a list or the like that is filled.
    private static bool IsSetting(PropertyInfo property) => property.GetIndexParameters().Length == 0
        && (property.SetMethod is { IsPublic: true } || (property.SetMethod is null && property.PropertyType.IsGenericType && property.PropertyType.IsAssignableTo(typeof(IEnumerable))));

    private static string Default(object? value) => value switch
    {
        null or "" => "",
        string text => $"`{text}`",
        IEnumerable list when !list.Cast<object>().Any() => "",
        IEnumerable list => string.Join(", ", list.Cast<object>().Select(one => $"`{one}`")),
        bool yes => yes ? "`true`" : "`false`",
        _ => $"`{Convert.ToString(value, CultureInfo.InvariantCulture)}`",
    };

    private static string Limits(PropertyInfo property) =>
        property.GetCustomAttribute<RangeAttribute>() is { } range ? $"From `{range.Minimum}` to `{range.Maximum}`."
        : property.GetCustomAttribute<RequiredAttribute>() is not null ? "Required." : "";

    private static string Meaning(string member)
    {
        if (!Docs.TryGetValue(member, out var docs))
        {
            return "";
        }

        var element = docs.Element("summary") ?? (docs.Element("inheritdoc")?.Attribute("cref")?.Value is { } other ? Docs[other].Element("summary") : null);
        return element is null ? "" : Space().Replace(string.Concat(element.Nodes().Select(Plain)), " ").Replace("|", "\\|", StringComparison.Ordinal).Trim();
    }

    private static string Plain(XNode node) => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{(see.Attribute("cref")?.Value ?? see.Attribute("langword")?.Value ?? "").Split('.')[^1].Split('(')[0]}`",
        XElement element => string.Concat(element.Nodes().Select(Plain)),
        XText text => text.Value,
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
