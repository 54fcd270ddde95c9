using System.Net;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Platform;

/// <summary>How long a super admin acts inside an organization, with a clock that the tests turn.</summary>
[Collection(ClockCollection.Name)]
public sealed class EnteringOverTimeTests(ClockedApp clocked)
{
    [Fact] // SEC-37, FAULT-9: no clock's difference adds to it
    public async Task The_half_hour_ends_to_the_second()
    {
        var organization = await clocked.OrganizationAsync();
        using var superAdmin = await Operator.SignInAsync(clocked.App);
        using var acting = await superAdmin.ActAsync(organization);
        await clocked.AdvanceAsync(TimeSpan.FromMinutes(30) - TimeSpan.FromSeconds(1));
        await (await acting.GetAsync("/members")).OkAsync();

        await clocked.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal("token.invalid", await (await acting.GetAsync("/members")).CodeAsync(HttpStatusCode.Unauthorized));
        await (await superAdmin.GetAsync("/platform/me")).OkAsync();
    }
}
