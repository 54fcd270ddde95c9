namespace Onboarding.Tenancy.Work;

/// <summary>Tells this node that its queue has something due. Signals that come while one is pending are one.</summary>
public sealed class WorkSignal
{
    private TaskCompletionSource pending = New();

    /// <summary>Something is due.</summary>
    public void Wake() => Volatile.Read(ref pending).TrySetResult();

    /// <summary>Completes at the next <see cref="Wake"/>, or at once when one came since the last wait ended.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await Volatile.Read(ref pending).Task.WaitAsync(cancellationToken);
        Volatile.Write(ref pending, New());
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
