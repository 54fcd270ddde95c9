namespace Onboarding.Webhooks.Deliveries;

/// <summary>Room for turns on this node, taken before endpoints are claimed. What is not used by then is given back when it is disposed of.</summary>
internal sealed class TurnRoom(DeliveryTurns turns, int taken) : IDisposable
{
    /// <summary>For how many turns.</summary>
    public int Count { get; private set; } = taken;

    /// <summary>Takes room for one more, if there is any and the node is not stopping.</summary>
    public bool TryTake()
    {
        var taken = turns.TryReserve();
        Count += taken ? 1 : 0;
        return taken;
    }

    /// <summary>Begins a turn in it.</summary>
    public void Begin(EndpointTurn turn)
    {
        ArgumentOutOfRangeException.ThrowIfZero(Count);
        turns.Begin(turn);
        Count--;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        turns.GiveBack(Count);
        Count = 0;
    }
}
