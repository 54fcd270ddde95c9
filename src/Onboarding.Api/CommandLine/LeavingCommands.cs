using System.CommandLine;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.CommandLine;

/// <summary><c>organizations delete|restore</c>.</summary>
internal static class LeavingCommands
{
    private const string Held = "It has a living subscription, which would go on being charged; cancel that first.";

    /// <summary>Deletes after the grace, or at once.</summary>
    public static Command Delete(IServiceProvider services)
    {
        var identifier = OrganizationCommands.Identifier();
        var confirmed = new Option<bool>("--yes") { Description = "Yes, with all its data." };
        var now = new Option<bool>("--now") { Description = "At once and for good, without the grace in which it can be restored." };
        var command = new Command("delete", "Delete an organization and everything in it once its grace has ended; until then it can be restored.") { identifier, confirmed, now };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            if (!result.GetValue(confirmed))
            {
                return OrganizationCommands.Fail("This deletes all of its data; repeat it with --yes.");
            }

            if (await OrganizationCommands.FindAsync(services, wanted, cancellationToken) is not { } organization)
            {
                return OrganizationCommands.Fail("There is no such organization.");
            }

            return result.GetValue(now) ? await RemoveAsync(services, organization, cancellationToken) : await BeginAsync(services, organization, cancellationToken);
        });
        return command;
    }

    /// <summary>Takes a deletion back.</summary>
    public static Command Restore(IServiceProvider services)
    {
        var identifier = OrganizationCommands.Identifier();
        var command = new Command("restore", "Take a deletion back: the organization is what it was before.") { identifier };
        command.SetAction(async (result, cancellationToken) =>
        {
            var wanted = result.GetValue(identifier)!;
            var outcome = await OrganizationCommands.FindAsync(services, wanted, cancellationToken) is { } organization
                ? await services.GetRequiredService<LeaveOrganization>().RestoreAsync(organization.Key, Actor.System, cancellationToken)
                : RestoreOutcome.Unknown;
            return outcome switch
            {
                RestoreOutcome.Restored => OrganizationCommands.Say($"{wanted} is restored."),
                RestoreOutcome.NotLeaving => OrganizationCommands.Fail("It is not being deleted, or was never set up; there is nothing to take back."),
                _ => OrganizationCommands.Fail("There is no such organization."),
            };
        });
        return command;
    }

    private static async Task<int> BeginAsync(IServiceProvider services, Organization organization, CancellationToken cancellationToken)
    {
        var answer = await services.GetRequiredService<LeaveOrganization>().BeginAsync(organization.Key, Actor.System, cancellationToken);
        return answer.Outcome switch
        {
            LeaveOutcome.Begun or LeaveOutcome.UnderWay => OrganizationCommands.Say($"{organization.Identifier} serves nobody any more. Everything of it is deleted after {answer.PurgeAt:u}; until then: organizations restore {organization.Identifier}"),
            LeaveOutcome.Held => OrganizationCommands.Fail(Held),
            _ => OrganizationCommands.Fail("There is no such organization."),
        };
    }

    private static async Task<int> RemoveAsync(IServiceProvider services, Organization organization, CancellationToken cancellationToken)
    {
        if (!services.GetRequiredService<OwnerDataSource>().IsConfigured)
        {
            return OrganizationCommands.Fail("This needs the owner's PostgreSQL login (Database:OwnerConnectionString). Nothing was done.");
        }

        return await services.GetRequiredService<RemoveOrganization>().RunAsync(organization.Key, Actor.System, cancellationToken) switch
        {
            RemoveOutcome.Gone => OrganizationCommands.Say($"{organization.Identifier} is gone."),
            RemoveOutcome.Held => OrganizationCommands.Fail(Held),
            RemoveOutcome.Delayed => OrganizationCommands.Fail("It serves nobody any more, but somebody can still pay at a checkout of it. Nodes with the owner's login remove it once that has ended, a day after it was opened at the latest."),
            RemoveOutcome.Busy => OrganizationCommands.Fail("It serves nobody any more, but something still uses its tables; repeat this in a moment. Nodes with the owner's login remove it within the hour."),
            _ => OrganizationCommands.Fail("There is no such organization."),
        };
    }
}
