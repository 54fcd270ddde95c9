using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Spectre.Console;

namespace Onboarding.Api.CommandLine;

/// <summary><c>organizations create|list|suspend|reactivate|delete</c>.</summary>
internal static class OrganizationCommands
{
    private const int PageSize = 1000;

    public static Command Create(IServiceProvider services) => new("organizations", "Create and govern organizations.")
    {
        CreateOne(services),
        List(services),
        Change(services, "suspend", "Stop an organization from serving.", (organization, now) => organization.Suspend(now)),
        Change(services, "reactivate", "Let a suspended organization serve again.", (organization, now) => organization.Reactivate(now)),
        Delete(services),
    };

    private static Argument<string> Identifier() => new("identifier") { Description = "The organization's identifier, as in its host name." };

    private static Command CreateOne(IServiceProvider services)
    {
        var identifier = Identifier();
        var name = new Option<string?>("--name") { Description = "Display name; the identifier when left out." };
        var plan = new Option<string>("--plan") { Description = "Plan.", DefaultValueFactory = _ => services.GetRequiredService<PlanCatalogue>().Default.Key };
        var email = new Option<string>("--admin-email") { Description = "Who becomes its first admin; gets the mail to set a password.", Required = true };
        var userName = new Option<string>("--admin-username") { Description = "User name of the first admin.", DefaultValueFactory = _ => "admin" };
        var fullName = new Option<string?>("--admin-name") { Description = "Full name of the first admin; the user name when left out." };
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

            var organization = await RegisterAsync(services, wanted, result.GetValue(name) ?? wanted, result.GetValue(plan)!, cancellationToken);
            await services.GetRequiredService<ProvisionOrganization>().RunAsync(organization, cancellationToken);
            var founder = await AddFounderAsync(services, organization, result.GetValue(userName)!, result.GetValue(email)!, result.GetValue(fullName) ?? result.GetValue(userName)!, cancellationToken);
            return founder
                ? Say($"{organization.Identifier} serves; its admin gets a mail to set a password.")
                : Fail($"{organization.Identifier} exists already and has members.");
        });
        return command;
    }

    private static async Task<Organization> RegisterAsync(IServiceProvider services, string identifier, string name, string plan, CancellationToken cancellationToken)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
        if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == identifier, cancellationToken) is { } known)
        {
            // An earlier try got this far.
            return known;
        }

        var organization = Organization.Register(identifier, name, plan, services.GetRequiredService<TimeProvider>().GetUtcNow());
        db.Organizations.Add(organization);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return organization;
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Somebody else does the same at this moment.
            return await db.Organizations.AsNoTracking().SingleAsync(o => o.Identifier == identifier, cancellationToken);
        }
    }

    private static Task<bool> AddFounderAsync(IServiceProvider services, Organization organization, string userName, string email, string fullName, CancellationToken cancellationToken) =>
        services.GetRequiredService<TenantScope>().RunAsync(organization, async scope =>
        {
            var db = scope.GetRequiredService<TenantDbContext>();
            if (await db.Members.AnyAsync(cancellationToken))
            {
                return false;
            }

            var now = scope.GetRequiredService<TimeProvider>().GetUtcNow();
            var (founder, approved) = Member.Found(userName, email, fullName, now);
            db.Members.Add(founder);
            db.Record(approved, Actor.System);
            await db.SaveChangesAsync(cancellationToken);
            return true;
        });

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
                    Say($"{o.Identifier,-40} {o.Status,-12} {o.Plan,-10} version {o.SchemaVersion} {o.Id}");
                    after = o.Identifier;
                }
            }
            while (page.Count == PageSize);
        });
        return command;
    }

    private static Command Change(IServiceProvider services, string verb, string description, Func<Organization, DateTimeOffset, bool> change)
    {
        var identifier = Identifier();
        var command = new Command(verb, description) { identifier };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            if (await db.Organizations.SingleOrDefaultAsync(o => o.Identifier == wanted, cancellationToken) is not { } organization)
            {
                return Fail("There is no such organization.");
            }

            if (!change(organization, services.GetRequiredService<TimeProvider>().GetUtcNow()))
            {
                return Fail($"It is {organization.Status.ToString().ToLowerInvariant()}; that does not allow this.");
            }

            await db.SaveChangesAsync(cancellationToken);
            await services.GetRequiredService<ClusterSignals>().OrganizationChangedAsync(organization.Key, cancellationToken);
            return Say($"{wanted} is {organization.Status.ToString().ToLowerInvariant()}.");
        });
        return command;
    }

    private static Command Delete(IServiceProvider services)
    {
        var identifier = Identifier();
        var confirmed = new Option<bool>("--yes") { Description = "Yes, with all its data, for good." };
        var command = new Command("delete", "Delete an organization and everything in it.") { identifier, confirmed };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            if (!result.GetValue(confirmed))
            {
                return Fail("This deletes all of its data for good; repeat it with --yes.");
            }

            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == wanted, cancellationToken) is not { } organization)
            {
                return Fail("There is no such organization.");
            }

            if (await services.GetRequiredService<CustomerLinks>().IsChargedAsync(organization.Key, cancellationToken))
            {
                return Fail("It has a living subscription, which would go on being charged; cancel that first.");
            }

            await services.GetRequiredService<RemoveOrganization>().RunAsync(organization.Key, cancellationToken);
            return Say($"{wanted} is gone.");
        });
        return command;
    }

    private static int Say(string sentence)
    {
        AnsiConsole.WriteLine(sentence);
        return 0;
    }

    private static int Fail(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 1;
    }
}
