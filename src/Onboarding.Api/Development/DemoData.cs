using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Onboarding.Billing.Plans;
using Onboarding.Billing.Subscriptions;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.Platform;

namespace Onboarding.Api.Development;

/// <summary>Two organizations to try everything with. Development only; its password is refused everywhere else.</summary>
internal sealed class DemoData(
    IDbContextFactory<PlatformDbContext> platform, ProvisionOrganization provision, TenantScope tenants, IPasswordHasher<Member> hasher, CustomerLinks customers, SyncRequests sync,
    PlanCatalogue catalogue, TimeProvider clock, FakeStripe.FakeStripe? stripe = null)
{
    public const string Password = "demo-only-Passw0rd";

    public static readonly IReadOnlyList<(string Identifier, string Name, string Plan)> Organizations = [("acme", "Acme", "premium"), ("globex", "Globex", "free")];

    private static readonly (string UserName, string FullName)[] Waiting = [("ada", "Ada Lovelace"), ("grace", "Grace Hopper"), ("edsger", "Edsger Dijkstra")];

    /// <summary>Adds what is missing; running it again changes nothing.</summary>
    public async Task SeedAsync(CancellationToken cancellationToken)
    {
        var passwordHash = new Lazy<string>(() => hasher.HashPassword(null!, Password));
        await using var db = await platform.CreateDbContextAsync(cancellationToken);
        if (!await db.SuperAdmins.AnyAsync(cancellationToken))
        {
            db.SuperAdmins.Add(SuperAdmin.Create("root", passwordHash.Value, clock.GetUtcNow()));
        }

        foreach (var (identifier, name, plan) in Organizations)
        {
            var organization = await db.Organizations.SingleOrDefaultAsync(o => o.Identifier == identifier, cancellationToken);
            if (organization is null)
            {
                organization = Organization.Register(identifier, name, plan, clock.GetUtcNow());
                db.Organizations.Add(organization);
                await db.SaveChangesAsync(cancellationToken);
                await provision.RunAsync(organization, cancellationToken);
            }

            await PayAsync(organization, cancellationToken);
            await tenants.RunAsync(organization, services => SeedAsync(services.GetRequiredService<TenantDbContext>(), identifier, passwordHash.Value, cancellationToken));
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    // Whoever has a plan that is sold pays for it, as everybody does: so there is something to change, and to cancel.
    private async Task PayAsync(Organization organization, CancellationToken cancellationToken)
    {
        if (stripe is null || catalogue.Of(organization.Plan).Prices is not [var price, ..] || await customers.IsCustomerAsync(organization.Key, cancellationToken))
        {
            return;
        }

        var customer = await stripe.CreateCustomerAsync(organization.Name);
        await stripe.CreateSubscriptionAsync(customer, price.LookupKey, quantity: 2);
        await customers.LinkAsync(Customer.Link(organization.Key, "stripe", customer, clock.GetUtcNow()), cancellationToken);
        await sync.OfOrganizationAsync(organization.Key, cancellationToken);
    }

    private async Task SeedAsync(TenantDbContext db, string identifier, string passwordHash, CancellationToken cancellationToken)
    {
        if (await db.Members.AnyAsync(cancellationToken))
        {
            return;
        }

        Active(Roles.Admin);
        Active(Roles.User);
        foreach (var (userName, fullName) in Waiting)
        {
            db.Record(Verified(userName, fullName).Verified, Actor.System);
        }

        await db.SaveChangesAsync(cancellationToken);

        void Active(string role)
        {
            var (member, _) = Verified(role, $"Demo {role}");
            member.Approve(role, by: null, clock.GetUtcNow());
            db.Record(member.Activate(passwordHash, clock.GetUtcNow())!, Actor.System);
        }

        (Member Member, MemberVerified Verified) Verified(string userName, string fullName)
        {
            var (member, _) = Member.Register(userName, $"{userName}@{identifier}.test", fullName, clock.GetUtcNow());
            db.Members.Add(member);
            return (member, member.Verify(clock.GetUtcNow())!);
        }
    }
}
