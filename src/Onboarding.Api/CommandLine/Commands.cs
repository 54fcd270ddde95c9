using System.CommandLine;

namespace Onboarding.Api.CommandLine;

/// <summary>The operator's side of the same binary: <c>organizations</c>, <c>migrate</c>, <c>migrations</c>, <c>super-admin</c>, <c>billing</c>, <c>audit</c>.</summary>
internal static class Commands
{
    private static readonly string[] Names = ["organizations", "migrate", "migrations", "super-admin", "billing", "audit", "help"];

    /// <summary>Whether the arguments are a command; without one the binary serves.</summary>
    public static bool Match(string[] args) => args.Length > 0 && (Names.Contains(args[0]) || args[0] is "--help" or "-h" or "-?");

    public static async Task<int> RunAsync(WebApplication app, string[] args)
    {
        var root = new RootCommand("Onboarding: without a command it serves the API.")
        {
            OrganizationCommands.Create(app.Services),
            MigrationCommands.Migrate(app.Services),
            MigrationCommands.Migrations(app.Services),
            SuperAdminCommands.Create(app.Services),
            BillingCommands.Create(app.Services),
            AuditCommands.Create(app.Services),
        };
        return await root.Parse(args[0] == "help" ? ["--help"] : WithoutSettings(args)).InvokeAsync();
    }

    // --Section:Key=value is configuration and none of the command's business.
    private static string[] WithoutSettings(string[] args) => [.. args.Where(arg => !(arg.StartsWith("--", StringComparison.Ordinal) && arg.Contains(':', StringComparison.Ordinal)))];
}
