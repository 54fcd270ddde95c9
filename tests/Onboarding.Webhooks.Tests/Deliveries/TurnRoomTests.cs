using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Onboarding.Webhooks.Deliveries;

namespace Onboarding.Webhooks.Tests.Deliveries;

/// <summary>Room that is taken and not used comes back: were it lost, a node would come to send nothing at all.</summary>
public sealed class TurnRoomTests
{
    [Fact]
    public async Task Room_that_was_not_used_is_there_again()
    {
        using var turns = Turns(max: 3);
        for (var time = 0; time < 10; time++)
        {
            using var room = await turns.ReserveAsync(64, CancellationToken.None);
            Assert.Equal(3, room.Count);
            Assert.False(room.TryTake());
            using var none = turns.NoRoom();
            Assert.False(none.TryTake());
            Assert.Equal(0, none.Count);
        }
    }

    [Fact]
    public async Task Room_that_was_used_is_the_turns_own()
    {
        using var turns = Turns(max: 2);
        var room = await turns.ReserveAsync(1, CancellationToken.None);
        Assert.True(room.TryTake());
        room.Dispose();
        room.Dispose(); // gives back once

        using var again = await turns.ReserveAsync(64, CancellationToken.None);
        Assert.Equal(2, again.Count);
    }

    private static DeliveryTurns Turns(int max) => new(
        sender: null!, secrets: null!, recorder: null!, verdicts: null!, Options.Create(new DeliveryOptions { MaxTurns = max }), new Lifetime(), TimeProvider.System, NullLogger<DeliveryTurns>.Instance);

    private sealed class Lifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => CancellationToken.None;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication()
        {
        }
    }
}
