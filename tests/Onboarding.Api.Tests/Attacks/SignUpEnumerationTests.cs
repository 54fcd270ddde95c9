using System.Diagnostics;
using Onboarding.Api.Tests.Features.SignUps;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>How long the proof of a founder's address takes tells nobody whether there is a sign-up, or how it stands (SEC-12).</summary>
public sealed class SignUpEnumerationTests(ApiFixture fixture)
{
    private const int Calls = 40;

    [Fact] // SEC-12
    public async Task Wrong_used_up_and_unknown_take_equally_long()
    {
        using var bare = fixture.App.ClientFor(null);
        var identifier = SignUpSteps.NewIdentifier();
        var (wrong, usedUp, unknown) = ($"wrong@{identifier}.test", $"used@{identifier}.test", $"nobody@{identifier}.test");
        await bare.CodeForAsync(fixture.Smtp, identifier, wrong);
        await bare.CodeForAsync(fixture.Smtp, identifier, usedUp);
        for (var i = 0; i < 5; i++)
        {
            await bare.VerifyAsync(identifier, usedUp, "not-it");
            await bare.VerifyAsync(identifier, unknown, "not-it");
        }

        // A difference that is in the code shows in every round; the machine's moods do not.
        var rounds = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            List<double>[] times = [[], [], []];
            for (var i = 0; i < Calls; i++)
            {
                // So that each wrong guess is counted, and written.
                await fixture.App.Database.QueryAsync<int>($"UPDATE platform.sign_ups SET attempts = 0 WHERE email = '{wrong}' RETURNING 1");
                foreach (var (of, email) in times.Zip([wrong, usedUp, unknown]))
                {
                    var started = Stopwatch.GetTimestamp();
                    using var answer = await bare.VerifyAsync(identifier, email, "not-it");
                    of.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }
            }

            var medians = times.Select(of => of.Order().ElementAt(Calls / 2)).ToList();
            if (medians.Max() - medians.Min() < Math.Max(5, 0.4 * medians.Max()))
            {
                return;
            }

            rounds.Add(string.Join(" ", medians.Select(median => $"{median:0.0}")));
        }

        Assert.Fail($"Medians in ms of wrong, used up and unknown: {string.Join("; ", rounds)}");
    }
}
