using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Features.Members;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Data;
using OtpNet;
using QRCoder;
using Totp = Onboarding.Tenancy.SignIn.Totp;

namespace Onboarding.Api.Features.Mfa;

/// <param name="Secret">The seed in base 32, to be typed in where no camera is at hand.</param>
/// <param name="OtpauthUri">The same with issuer and account, as authenticator apps read it.</param>
/// <param name="QrSvg">That address as a QR code, an SVG image.</param>
public sealed record TotpSetupResponse(string Secret, string OtpauthUri, string QrSvg)
{
    internal static readonly TotpSetupResponse Example = new(
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "otpauth://totp/Acme:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme&algorithm=SHA1&digits=6&period=30",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 49 49\">...</svg>");
}

/// <summary>Starts to set up an authenticator app: it counts once the member has shown a code of it. Asked again before that, there is a new seed.</summary>
internal sealed class SetUpTotp(TenantDbContext db, TotpSeeds seeds, RequestActor actor, TimeProvider clock)
{
    private const int MaxIssuer = 40;

    public static void Map(RouteGroupBuilder mfa) => mfa
        .MapPost("/totp", (SetUpTotp useCase, CancellationToken cancellationToken) => useCase.HandleAsync(cancellationToken))
        .WithSummary("Set up an authenticator app")
        .WithExample(response: TotpSetupResponse.Example)
        .WithErrors(("mfa.already_enabled", 409));

    public async Task<Results<Ok<TotpSetupResponse>, ProblemHttpResult>> HandleAsync(CancellationToken cancellationToken)
    {
        var seed = TotpSeeds.New();
        var userName = await db.InTransactionAsync(() => StoreAsync(seed, cancellationToken), cancellationToken);
        return userName is null ? AlreadyEnabled() : TypedResults.Ok(Describe(seed, userName));
    }

    public static ProblemHttpResult AlreadyEnabled() => Problems.Conflict("mfa.already_enabled", "An authenticator app is set up already; take it off first.");

    /// <returns>The member's user name; null when an app is set up already.</returns>
    private async Task<string?> StoreAsync(byte[] seed, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var member = await db.LockMemberAsync(actor.MemberId, cancellationToken);
        var sealedSeed = seeds.Protect(seed, db.Organization!, member!.Id);
        var totp = await db.Totp.SingleOrDefaultAsync(t => t.MemberId == member.Id, cancellationToken);
        if (totp is null)
        {
            db.Totp.Add(Totp.SetUp(member.Id, sealedSeed, now));
        }
        else if (!totp.SetUpAgain(sealedSeed, now))
        {
            return null;
        }

        db.Audit("member.totp_set_up", actor.ToActor(), member.Id, note: null, now);
        await db.SaveChangesAsync(cancellationToken);
        return member.UserName;
    }

    private TotpSetupResponse Describe(byte[] seed, string userName)
    {
        var secret = Base32Encoding.ToString(seed).TrimEnd('=');
        var uri = new OtpUri(OtpType.Totp, secret, Label(userName), Label(db.Organization!.Name)).ToString();
        using var code = QRCodeGenerator.GenerateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        using var svg = new SvgQRCode(code);
        return new(secret, uri, svg.GetGraphic(1, "#000000", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute));
    }

    // A colon separates issuer and account for the apps, and what is too long for a QR code is too long for a screen.
    private static string Label(string text)
    {
        var label = text.Replace(':', ' ');
        return label.Length <= MaxIssuer ? label
            : char.IsHighSurrogate(label[MaxIssuer - 1]) ? label[..(MaxIssuer - 1)]
            : label[..MaxIssuer];
    }
}
