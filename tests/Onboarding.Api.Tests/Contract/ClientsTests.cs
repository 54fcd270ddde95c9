using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Contract;

/// <summary>What linters and generators of clients make of the document; what they generate is compiled, and then calls the product.</summary>
public sealed class ClientsTests(ApiFixture fixture, ApiDocument document) : IClassFixture<ApiDocument>
{
    [Fact]
    public async Task The_linter_has_nothing_to_say()
    {
        using var npm = new NpmTools();
        await File.WriteAllTextAsync(npm.PathOf("swagger.json"), document.Root.ToJsonString(), TestContext.Current.CancellationToken);

        var lint = await npm.RunAsync("@stoplight/spectral-cli/dist/index.js", "lint", "swagger.json", "--ruleset", ".spectral.yaml", "--fail-severity", "hint");

        Assert.Equal((0, "No results with a severity of 'hint' or higher found!", ""), (lint.ExitCode, lint.Output, lint.Error));
    }

    [Fact]
    public async Task A_TypeScript_client_is_generated_and_compiled_without_a_warning_and_reads_the_queue()
    {
        using var npm = new NpmTools();
        await File.WriteAllTextAsync(npm.PathOf("swagger.json"), document.Root.ToJsonString(), TestContext.Current.CancellationToken);

        var generated = await npm.RunAsync("openapi-typescript/bin/cli.js", "swagger.json", "--output", "api.d.ts");
        Assert.True(generated.ExitCode == 0 && !$"{generated.Output}{generated.Error}".Contains("warn", StringComparison.OrdinalIgnoreCase), $"{generated}");
        var compiled = await npm.RunAsync("typescript/bin/tsc", "--project", ".");
        Assert.Equal((0, "", ""), (compiled.ExitCode, compiled.Output, compiled.Error));

        var organization = await WithQueueAsync();
        var baseUrl = $"http://localhost:{fixture.App.Address.Port}";
        var run = await npm.NodeAsync("usage.js", baseUrl, organization.Identifier, "admin", TestOrganization.Password);
        Assert.Equal((0, "ada pending_approval no mail\ngrace pending_approval no mail", ""), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task A_CSharp_client_is_generated_and_compiled_without_a_warning_and_reads_the_queue()
    {
        var settings = new CSharpClientGeneratorSettings
        {
            ClassName = "OnboardingClient",
            CSharpGeneratorSettings = { Namespace = "Onboarding.Client", GenerateNullableReferenceTypes = true, JsonLibrary = CSharpJsonLibrary.NewtonsoftJson },
        };
        var openApi = await OpenApiDocument.FromJsonAsync(document.Root.ToJsonString(), TestContext.Current.CancellationToken);
        var usage = Compile(new CSharpClientGenerator(openApi, settings).GenerateFile(), NpmTools.Read("usage.cs")).GetType("Onboarding.Client.Usage")!;

        var organization = await WithQueueAsync();
        using var client = fixture.App.ClientFor(organization.Identifier);
        var lines = await (Task<string>)usage.GetMethod("RunAsync")!.Invoke(null, [client, "admin", TestOrganization.Password])!;
        Assert.Equal("ada Pending_approval no mail\ngrace Pending_approval no mail", lines);
    }

    private async Task<TestOrganization> WithQueueAsync()
    {
        var organization = await fixture.OrganizationAsync();
        await organization.AddPendingAsync("ada");
        await organization.AddPendingAsync("grace");
        return organization;
    }

    private static Assembly Compile(params string[] sources)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            "Onboarding.Client",
            sources.Select(source => CSharpSyntaxTree.ParseText(source)),
            platform.Select(assembly => MetadataReference.CreateFromFile(assembly)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, warningLevel: 9999));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.Empty(result.Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning && !diagnostic.IsSuppressed));
        image.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(image);
    }
}
