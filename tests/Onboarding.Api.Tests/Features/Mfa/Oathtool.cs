using Onboarding.Api.Development;

namespace Onboarding.Api.Tests.Features.Mfa;

/// <summary>The OATH Toolkit's program: an opinion of somebody else's on what an authenticator app shows.</summary>
internal static class Oathtool
{
    /// <summary>What <c>oathtool --totp -b SECRET</c> prints, now or at another time.</summary>
    public static async Task<string> CodeAsync(string secret, DateTimeOffset? at = null)
    {
        Assert.True(Command.Find("oathtool") is not null, "oathtool is missing: install the package oathtool or oath-toolkit (`./dev test` does).");
        string[] now = at is { } time ? ["--now", $"@{time.ToUnixTimeSeconds()}"] : [];
        var (exitCode, output) = await Command.RunAsync(["oathtool", "--totp", "-b", secret, .. now], Path.GetTempPath(), TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        return output.Trim();
    }
}
