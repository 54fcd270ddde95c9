using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Api.SignIn;

namespace Onboarding.Api.Tests.Features.SignIn;

[Collection(ClockCollection.Name)]
public sealed class SigningKeyTests(ClockedApp clocked)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact(DisplayName = "A customer's service verifies an access token with the published keys alone")]
    public async Task Published_keys_verify()
    {
        var organization = await clocked.OrganizationAsync();
        var access = (await organization.LoginAsync("admin")).GetProperty("access").GetString();

        var document = await organization.Anonymous.GetStringAsync("/.well-known/jwks.json", TestContext.Current.CancellationToken);
        var verified = await new JsonWebTokenHandler().ValidateTokenAsync(access, new()
        {
            IssuerSigningKeys = new JsonWebKeySet(document).GetSigningKeys(),
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });

        Assert.True(verified.IsValid);
        Assert.All(JsonDocument.Parse(document).RootElement.GetProperty("keys").EnumerateArray(), key => Assert.False(key.TryGetProperty("d", out _)));
    }

    [Fact(DisplayName = "A successor is published a day before it signs, and its predecessor until its last token has ended")]
    public async Task Rotation()
    {
        var keys = clocked.App.Services.GetRequiredService<SigningKeys>();
        var first = keys.Current.Key.KeyId;

        while (keys.Current.Key.KeyId == first)
        {
            var announced = keys.Published.Select(k => k.KeyId).ToList();
            await clocked.AdvanceAsync(Hour * 24);
            Assert.Contains(keys.Current.Key.KeyId, announced);
        }

        Assert.Contains(first, keys.Published.Select(k => k.KeyId));
    }

    // From day 29 a successor is due; each of these starts finds the newest key nearer its end.
    [Theory(DisplayName = "However late a rotation runs, what signs is published")]
    [InlineData(29)]
    [InlineData(30.5)]
    [InlineData(31.5)]
    [InlineData(31.99)]
    [InlineData(40)]
    public async Task Late_rotation(double days)
    {
        var keys = clocked.App.Services.GetRequiredService<SigningKeys>();
        await StartFreshKeyAsync(keys);

        await clocked.AdvanceAsync(TimeSpan.FromDays(days));

        for (var hour = 0; hour < 60; hour++)
        {
            var signing = keys.Current.Key.KeyId;
            Assert.Contains(signing, keys.Published.Select(k => k.KeyId));
            clocked.Clock.Advance(Hour);
        }

        await keys.RotateAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Until the newest key has just begun to sign.</summary>
    private async Task StartFreshKeyAsync(SigningKeys keys)
    {
        var before = keys.Current.Key.KeyId;
        while (keys.Current.Key.KeyId == before)
        {
            await clocked.AdvanceAsync(Hour);
        }
    }
}
