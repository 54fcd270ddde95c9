namespace Onboarding.Tenancy.Work;

/// <summary>Tells this node that its queue has something due. Signals that come while one is pending are one.</summary>
public sealed class WorkSignal
{
    private TaskCompletionSource pending = New();
    private bool isNews;

    /// <summary>Something is due that was put there by this node: others have to hear of it.</summary>
    public void Wake()
    {
        Volatile.Write(ref isNews, true);
        Hear();
    }

    /// <summary>Something is due, as another node says.</summary>
    public void Hear() => Volatile.Read(ref pending).TrySetResult();

    /// <summary>Completes at the next signal, or at once when one came since the last wait ended.</summary>
    /// <returns>Whether others have to hear of it.</returns>
    public async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        await Volatile.Read(ref pending).Task.WaitAsync(cancellationToken);
        Volatile.Write(ref pending, New());
        return Interlocked.Exchange(ref isNews, false);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
