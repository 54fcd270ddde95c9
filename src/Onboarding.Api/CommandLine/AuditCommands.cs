using System.CommandLine;
using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Spectre.Console;

namespace Onboarding.Api.CommandLine;

/// <summary><c>audit verify [IDENTIFIER] [--all] [--platform] [--expect HEAD]</c>: whether audit logs can be believed (SEC-48).</summary>
internal static class AuditCommands
{
    private const int PageSize = 1000;

    public static Command Create(IServiceProvider services) => new("audit", "Look after audit logs.") { Verify(services) };

    private static Command Verify(IServiceProvider services)
    {
        var identifier = new Argument<string?>("identifier") { Description = "The organization's identifier.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "Every organization." };
        var platform = new Option<bool>("--platform") { Description = "The platform's own log." };
        var expect = new Option<string?>("--expect") { Description = "The head that an earlier run printed and that was kept elsewhere; the log must still contain it." };
        var command = new Command("verify", "Prove audit logs, and say what was changed, deleted or forged. Exit status 1 when anything was.") { identifier, all, platform, expect };
        command.Validators.Add(result =>
        {
            var targets = new[] { result.GetValue(identifier) is not null, result.GetValue(all), result.GetValue(platform) }.Count(named => named);
            if (targets != 1)
            {
                result.AddError("Name one organization, or --all, or --platform.");
            }
            else if (result.GetValue(expect) is { } text && (result.GetValue(all) || !AuditHead.TryParse(text, out _)))
            {
                result.AddError("--expect takes a head as an earlier run printed it, for one log.");
            }
        });
        command.SetAction(async (result, cancellationToken) =>
        {
            var expected = result.GetValue(expect) is { } text && AuditHead.TryParse(text, out var head) ? head : null;
            var chain = services.GetRequiredService<AuditChain>();
            if (result.GetValue(platform))
            {
                return await TellAsync("platform", () => chain.VerifyPlatformAsync(expected, cancellationToken)) ? 0 : 1;
            }

            return result.GetValue(all)
                ? await AllAsync(services, chain, cancellationToken)
                : await OneAsync(services, chain, result.GetValue(identifier)!, expected, cancellationToken);
        });
        return command;
    }

    private static async Task<int> OneAsync(IServiceProvider services, AuditChain chain, string identifier, AuditHead? expected, CancellationToken cancellationToken)
    {
        await using var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken);
        if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Identifier == identifier, cancellationToken) is not { } organization)
        {
            await Console.Error.WriteLineAsync("There is no such organization.");
            return 1;
        }

        return await TellAsync(identifier, () => chain.VerifyAsync(organization, expected, cancellationToken)) ? 0 : 1;
    }

    // One after the other: a proof reads a whole log, and the database has requests to serve meanwhile.
    private static async Task<int> AllAsync(IServiceProvider services, AuditChain chain, CancellationToken cancellationToken)
    {
        var (after, proven, unproven) = ("", 0, 0);
        IReadOnlyList<Organization> page;
        do
        {
            await using (var db = await services.GetRequiredService<IDbContextFactory<PlatformDbContext>>().CreateDbContextAsync(cancellationToken))
            {
                page = await db.Organizations.AsNoTracking()
                    .Where(o => string.Compare(o.Identifier, after) > 0 && (o.Status == OrganizationStatus.Active || o.Status == OrganizationStatus.Suspended))
                    .OrderBy(o => o.Identifier).Take(PageSize).ToListAsync(cancellationToken);
            }

            foreach (var organization in page)
            {
                _ = await TellAsync(organization.Identifier, () => chain.VerifyAsync(organization, null, cancellationToken)) ? proven++ : unproven++;
                after = organization.Identifier;
            }
        }
        while (page.Count == PageSize);
        AnsiConsole.WriteLine($"{proven} audit logs are proven, {unproven} are not.");
        return unproven == 0 ? 0 : 1;
    }

    private static async Task<bool> TellAsync(string whose, Func<Task<AuditReport>> verify)
    {
        AuditReport report;
        try
        {
            report = await verify();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // One that cannot be read stops no other, whatever was put into it.
            await Console.Error.WriteLineAsync($"{whose}: cannot be read: {Plain(exception.Message)}");
            return false;
        }

        foreach (var finding in report.Findings)
        {
            Console.WriteLine($"{whose}: {Sentence(finding)}");
        }

        if (report.Faults > report.Findings.Count)
        {
            Console.WriteLine($"{whose}: and {report.Faults - report.Findings.Count} more.");
        }

        Console.WriteLine($"{whose}: {(report.IsProven ? "proven" : "NOT PROVEN")}; {(report.Head is null ? "nothing is sealed" : $"head {report.Head}")}.");
        return report.IsProven;
    }

    private static string Sentence(AuditFinding finding) => finding.Fault switch
    {
        AuditFault.EntryChanged => $"{Line(finding)} is not what was sealed as {Seal(finding)}: it was changed, or its seal was.",
        AuditFault.EntryDeleted => $"line {finding.EntryId}, sealed as {Seal(finding)}, is gone.",
        AuditFault.EntryUnsealed => $"{Line(finding)} was never sealed, or its seal is gone.",
        AuditFault.SealChanged => $"seal {Seal(finding)} was changed; {Line(finding)} is what was sealed.",
        AuditFault.SealsMissing => $"the chain is broken before seal {Seal(finding)}: seals are gone.",
        AuditFault.HeadUnknown => "the log does not contain the expected head: its end was cut off, or it was rewritten.",
        AuditFault.SealingOff => "new lines are not sealed: the trigger is gone or switched off.",
        AuditFault.NoSeals => "there are no seals; `migrate --all` makes them where the schema is older than they are.",
        _ => throw new InvalidOperationException($"Nothing is said of {finding.Fault}."),
    };

    private static string Seal(AuditFinding finding) => string.Create(CultureInfo.InvariantCulture, $"{finding.Lane}/{finding.Sequence}");

    private static string Line(AuditFinding finding) =>
        string.Create(CultureInfo.InvariantCulture, $"line {finding.EntryId} ({finding.OccurredAt:u}, {Plain(finding.Action ?? "")})");

    // Whoever can write lines is the one whom this looks for: a control character could hide what is said, or say something else.
    private static string Plain(string text) => string.Concat(text.EnumerateRunes().Select(rune => IsPlain(rune) ? rune.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}")));

    private static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
