using System.CommandLine;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.CommandLine;

/// <summary><c>super-admin create NAME</c>. The password comes on standard input, never as an argument: those stand in process lists.</summary>
internal static class SuperAdminCommands
{
    public static Command Create(IServiceProvider services)
    {
        var name = new Argument<string>("name") { Description = "Name to sign in with." };
        var create = new Command("create", "Create a super admin. The password is read from standard input.") { name };
        create.SetAction(async (result, cancellationToken) =>
        {
            var password = await Console.In.ReadLineAsync(cancellationToken) ?? "";
            if (PasswordRules.ReasonsForOperator(password, result.GetValue(name)!) is { Count: > 0 } reasons)
            {
                await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, reasons));
                return 1;
            }

            var hash = services.GetRequiredService<IPasswordHasher<Member>>().HashPassword(null!, password);
            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            var superAdmin = SuperAdmin.Create(result.GetValue(name)!, hash, services.GetRequiredService<TimeProvider>().GetUtcNow());
            if (await db.SuperAdmins.AnyAsync(known => known.NormalizedUserName == superAdmin.NormalizedUserName, cancellationToken))
            {
                return await TakenAsync();
            }

            db.SuperAdmins.Add(superAdmin);
            try
            {
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                return await TakenAsync();
            }

            Console.WriteLine("Created.");
            return 0;
        });
        return new Command("super-admin", "The people who run the platform.") { create };
    }

    private static async Task<int> TakenAsync()
    {
        await Console.Error.WriteLineAsync("There is a super admin of that name already.");
        return 1;
    }
}
