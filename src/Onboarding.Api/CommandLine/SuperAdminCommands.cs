using System.CommandLine;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Platform;
using OtpNet;

namespace Onboarding.Api.CommandLine;

/// <summary><c>super-admin create|list|set-password|reset-mfa|disable</c>.</summary>
/// <remarks>
/// The password comes on standard input, never as an argument: those stand in process lists. The seed of the authenticator app is
/// shown here and nowhere else, so that whoever steals a password cannot set up an app of their own.
/// </remarks>
internal static class SuperAdminCommands
{
    private const string Issuer = "Onboarding";
    private const string Taken = "There is a super admin of that name already.";

    public static Command Create(IServiceProvider services) => new("super-admin", "The people who run the platform.")
    {
        CreateOne(services),
        List(services),
        SetPassword(services),
        ResetMfa(services),
        Disable(services),
    };

    private static Argument<string> Name() => new("name") { Description = "Name to sign in with." };

    private static Command CreateOne(IServiceProvider services)
    {
        var name = Name();
        var command = new Command("create", "Create a super admin. The password is read from standard input; the authenticator app's address is printed, once.") { name };
        command.SetAction(async (result, cancellationToken) =>
        {
            var (hash, reasons) = await ReadPasswordAsync(services, result.GetValue(name)!, cancellationToken);
            if (hash is null)
            {
                return Fail(reasons);
            }

            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            var admin = SuperAdmin.Create(result.GetValue(name)!, hash, services.GetRequiredService<TimeProvider>().GetUtcNow());
            if (await db.SuperAdmins.AnyAsync(known => known.NormalizedUserName == admin.NormalizedUserName, cancellationToken))
            {
                return Fail(Taken);
            }

            db.SuperAdmins.Add(admin);
            var seed = SetUp(services, admin);
            try
            {
                await SaveAsync(services, db, "super_admin.created", admin, cancellationToken);
            }
            catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                // Somebody else does the same at this moment.
                return Fail(Taken);
            }

            return Show("Created.", admin, seed);
        });
        return command;
    }

    /// <returns>Its hash; or null, and why it will not do.</returns>
    private static async Task<(string? Hash, string Reasons)> ReadPasswordAsync(IServiceProvider services, string name, CancellationToken cancellationToken)
    {
        var password = await Console.In.ReadLineAsync(cancellationToken) ?? "";
        return PasswordRules.ReasonsForOperator(password, name) is { Count: > 0 } reasons
            ? (null, string.Join(Environment.NewLine, reasons))
            : (services.GetRequiredService<IPasswordHasher<Member>>().HashPassword(null!, password), "");
    }

    private static Command List(IServiceProvider services)
    {
        var command = new Command("list", "List all super admins.");
        command.SetAction(async (_, cancellationToken) =>
        {
            await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
            await foreach (var a in db.SuperAdmins.AsNoTracking().OrderBy(a => a.NormalizedUserName).AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                Console.WriteLine($"{a.UserName,-40} {(a.DisabledAt is { } at ? $"disabled {at:u}" : a.ProtectedSeed is null ? "no second factor: signs in in Development only" : "good")}");
            }

            return 0;
        });
        return command;
    }

    private static Command SetPassword(IServiceProvider services)
    {
        var name = Name();
        var command = new Command("set-password", "Give a super admin another password, read from standard input, and end all sessions.") { name };
        command.SetAction(async (result, cancellationToken) =>
        {
            var (hash, reasons) = await ReadPasswordAsync(services, result.GetValue(name)!, cancellationToken);
            if (hash is null)
            {
                return Fail(reasons);
            }

            return await ChangeAsync(
                services,
                result.GetValue(name)!,
                "super_admin.password_set",
                (admin, _) =>
                {
                    admin.SetPassword(hash);
                    return null;
                },
                cancellationToken);
        });
        return command;
    }

    private static Command ResetMfa(IServiceProvider services)
    {
        var name = Name();
        var command = new Command("reset-mfa", "Give a super admin another authenticator app, and end all sessions.") { name };
        command.SetAction((result, cancellationToken) => ChangeAsync(services, result.GetValue(name)!, "super_admin.mfa_reset", (admin, _) => SetUp(services, admin), cancellationToken));
        return command;
    }

    private static Command Disable(IServiceProvider services)
    {
        var name = Name();
        var command = new Command("disable", "Close a super admin's account for good, and end all sessions.") { name };
        command.SetAction((result, cancellationToken) => ChangeAsync(
            services,
            result.GetValue(name)!,
            "super_admin.disabled",
            (admin, now) =>
            {
                admin.Disable(now);
                return null;
            },
            cancellationToken));
        return command;
    }

    /// <param name="change">Changes the account; the seed to be shown, if there is one.</param>
    private static async Task<int> ChangeAsync(IServiceProvider services, string name, string action, Func<SuperAdmin, DateTimeOffset, byte[]?> change, CancellationToken cancellationToken)
    {
        var normalized = Member.Normalize(name);
        await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
        var (changed, seed) = await db.InTransactionAsync(
            async () =>
            {
                // With the row held, as signing in holds it: no session begins in between by what was good before.
                var found = await db.SuperAdmins.FromSql($"SELECT * FROM platform.super_admins WHERE normalized_user_name = {normalized} AND disabled_at IS NULL FOR UPDATE").ToListAsync(cancellationToken);
                if (found.SingleOrDefault() is not { } admin)
                {
                    return ((SuperAdmin?)null, (byte[]?)null);
                }

                var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
                var shown = change(admin, now);
                await SaveAsync(services, db, action, admin, cancellationToken);
                await db.SuperAdminSessions.Where(s => s.SuperAdminId == admin.Id && s.EndedAt == null).ExecuteUpdateAsync(set => set.SetProperty(s => s.EndedAt, now), cancellationToken);
                return (admin, shown);
            },
            cancellationToken);
        return changed is null ? Fail("There is no super admin of that name.") : Show("Done; all sessions have ended.", changed, seed);
    }

    private static Task SaveAsync(IServiceProvider services, PlatformDbContext db, string action, SuperAdmin admin, CancellationToken cancellationToken)
    {
        PlatformAudit.Add(db, action, Actor.System, organizationId: null, admin.Id, admin.UserName, services.GetRequiredService<TimeProvider>().GetUtcNow());
        return db.SaveChangesAsync(cancellationToken);
    }

    private static byte[] SetUp(IServiceProvider services, SuperAdmin admin)
    {
        var seed = TotpSeeds.New();
        admin.SetUpSeed(services.GetRequiredService<TotpSeeds>().Protect(seed, admin));
        return seed;
    }

    private static int Show(string sentence, SuperAdmin admin, byte[]? seed)
    {
        Console.WriteLine(sentence);
        if (seed is not null)
        {
            Console.WriteLine("For the authenticator app, shown this once:");
            Console.WriteLine(new OtpUri(OtpType.Totp, Base32Encoding.ToString(seed).TrimEnd('='), admin.UserName.Replace(':', ' '), Issuer));
        }

        return 0;
    }

    private static int Fail(string sentence)
    {
        Console.Error.WriteLine(sentence);
        return 1;
    }
}
