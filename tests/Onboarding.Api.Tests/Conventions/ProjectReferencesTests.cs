using System.Xml.Linq;

namespace Onboarding.Api.Tests.Conventions;

/// <summary>Who may know whom.</summary>
public sealed class ProjectReferencesTests
{
    [Theory]
    [InlineData("Onboarding.Api", "Onboarding.Billing", "Onboarding.FakeStripe", "Onboarding.Tenancy", "Onboarding.Webhooks")]
    [InlineData("Onboarding.FakeStripe")]
    [InlineData("Onboarding.Billing", "Onboarding.Tenancy")]
    [InlineData("Onboarding.Webhooks", "Onboarding.Tenancy")]
    [InlineData("Onboarding.Tenancy")]
    public void A_project_knows_these_and_no_other(string project, params string[] known) => Assert.Equal(
        known,
        XDocument.Load(Path.Combine(SourceTree.Sources, project, $"{project}.csproj")).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
            .Order(StringComparer.Ordinal));

    [Fact]
    public void There_is_no_other_project() => Assert.Equal(
        ["Onboarding.Api", "Onboarding.Billing", "Onboarding.FakeStripe", "Onboarding.Tenancy", "Onboarding.Webhooks"],
        Directory.GetFiles(SourceTree.Sources, "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
}
