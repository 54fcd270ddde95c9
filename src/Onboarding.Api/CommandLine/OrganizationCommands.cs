using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features;
using Onboarding.Billing.Plans;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Spectre.Console;

namespace Onboarding.Api.CommandLine;

/// <summary><c>organizations create|list|suspend|reactivate</c>; <c>delete|restore</c> and <c>export|import</c> have files of their own.</summary>
internal static class OrganizationCommands
{
    private const int PageSize = 1000;
    private const int LongestName = 200;
    private const int LongestReason = 500;

    public static Command Create(IServiceProvider services) => new("organizations", "Create and govern organizations.")
    {
        CreateOne(services),
        List(services),
        Change(services, "suspend", "Stop an organization from serving.", (govern, id, reason, cancellation) => govern.SuspendAsync(id, Actor.System, reason, cancellation)),
        Change(services, "reactivate", "Let a suspended organization serve again.", (govern, id, reason, cancellation) => govern.ReactivateAsync(id, Actor.System, reason, cancellation)),
        LeavingCommands.Delete(services),
        LeavingCommands.Restore(services),
        ArchiveCommands.Export(services),
        ArchiveCommands.Import(services),
    };

    public static Argument<string> Identifier() => new("identifier") { Description = "The organization's identifier, as in its host name." };

    /// <summary>An option for a name, which has to be as one that comes over HTTP (SEC-45).</summary>
    public static Option<string?> Name(string option, string description) => Written(option, description, LongestName, NameRules.Name, NameRules.NoName);

    /// <summary>The option for why something is done: others are to read it.</summary>
    public static Option<string?> Reason(string description, int longest) => Written("--reason", $"{description} {longest} characters at most.", longest, NameRules.Text, NameRules.NoText);

    private static Option<string?> Written(string option, string description, int longest, string rule, string refusal)
    {
        var written = new Option<string?>(option) { Description = description };
        written.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is not { } text)
            {
                return;
            }

            if (text.Length > longest)
            {
                result.AddError($"{option} has at most {longest} characters.");
            }
            else if (!NameRules.Fits(text, rule))
            {
                result.AddError($"{option}: {refusal}");
            }
        });
        return written;
    }

    private static Command CreateOne(IServiceProvider services)
    {
        var identifier = Identifier();
        var name = Name("--name", "Display name; the identifier when left out.");
        var plan = new Option<string>("--plan") { Description = "Plan.", DefaultValueFactory = _ => services.GetRequiredService<PlanCatalogue>().Default.Key };
        var email = new Option<string>("--admin-email") { Description = "Who becomes its first admin; gets the mail to set a password.", Required = true };
        var userName = new Option<string>("--admin-username") { Description = "User name of the first admin.", DefaultValueFactory = _ => "admin" };
        var fullName = Name("--admin-name", "Full name of the first admin; the user name when left out.");
        var command = new Command("create", "Create an organization and invite its first admin. Repeat it to resume after a failure.") { identifier, name, plan, email, userName, fullName };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            if (OrganizationIdentifier.Refusal(wanted) is { } refusal)
            {
                return Fail(refusal);
            }

            if (services.GetRequiredService<PlanCatalogue>().Find(result.GetValue(plan)!) is null)
            {
                return Fail($"There is no plan {result.GetValue(plan)}.");
            }

            var found = services.GetRequiredService<FoundOrganization>();
            var signUp = SignUp.ByOperator(
                wanted, result.GetValue(name) ?? wanted, result.GetValue(userName)!, result.GetValue(email)!, result.GetValue(fullName) ?? result.GetValue(userName)!,
                services.GetRequiredService<TimeProvider>().GetUtcNow());
            var organization = await found.RegisterByOperatorAsync(signUp, result.GetValue(plan)!, cancellationToken);
            return await found.SetUpAsync(organization, signUp, cancellationToken)
                ? Say($"{organization.Identifier} serves; its admin gets a mail to set a password.")
                : Fail($"{organization.Identifier} exists already and has members.");
        });
        return command;
    }

    private static Command List(IServiceProvider services)
    {
        var command = new Command("list", "List all organizations, by identifier.");
        command.SetAction(async (_, cancellationToken) =>
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            var after = "";
            IReadOnlyList<Organization> page;
            do
            {
                page = await db.Organizations.AsNoTracking().Where(o => string.Compare(o.Identifier, after) > 0).OrderBy(o => o.Identifier).Take(PageSize).ToListAsync(cancellationToken);
                foreach (var o in page)
                {
                    Say($"{o.Identifier,-40} {o.Status,-12} {o.Plan,-10} version {o.SchemaVersion} {o.Id}{(o.PurgeAt is { } end ? $" until {end:u}" : "")}");
                    after = o.Identifier;
                }
            }
            while (page.Count == PageSize);
        });
        return command;
    }

    private static Command Change(IServiceProvider services, string verb, string description, Func<GovernOrganization, Guid, string?, CancellationToken, Task<Governed>> change)
    {
        var identifier = Identifier();
        var reason = Reason("For both audit logs: the platform's, and the organization's own.", LongestReason);
        var command = new Command(verb, description) { identifier, reason };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == wanted, cancellationToken) is not { } organization)
            {
                return Fail("There is no such organization.");
            }

            var governed = await change(services.GetRequiredService<GovernOrganization>(), organization.Key, result.GetValue(reason), cancellationToken);
            var status = governed.Organization?.Status.ToString().ToLowerInvariant();
            return governed.IsDone ? Say($"{wanted} is {status}.") : Fail($"It is {status ?? "gone"}; that does not allow this.");
        });
        return command;
    }

    /// <summary>The organization of an identifier, as the catalogue has it.</summary>
    public static async Task<Organization?> FindAsync(IServiceProvider services, string identifier, CancellationToken cancellationToken)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
        return await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == identifier, cancellationToken);
    }

    public static int Say(string sentence)
    {
        AnsiConsole.WriteLine(sentence);
        return 0;
    }

    public static int Fail(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 1;
    }
}
