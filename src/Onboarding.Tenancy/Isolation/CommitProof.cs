using Microsoft.EntityFrameworkCore;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Isolation;

/// <summary>What a context keeps of its transaction, so that its COMMIT can be looked up when the answer is lost (FAULT-5).</summary>
internal sealed class CommitProof
{
    /// <summary>PostgreSQL's id of the current or last transaction.</summary>
    public string? TransactionId { get; private set; }

    /// <summary>A row that the current or last transaction adds, by which its COMMIT is proven; null when it adds none.</summary>
    public Witness? Witness { get; set; }

    /// <summary>Whether something was not saved in the current or last transaction; it can only be rolled back.</summary>
    public bool HasFailedSave { get; private set; }

    /// <summary>That of a context whose transactions are looked up.</summary>
    public static CommitProof Of(DbContext? context) => context switch
    {
        TenantDbContext tenant => tenant.Proof,
        PlatformDbContext platform => platform.Proof,
        _ => throw new InvalidOperationException("Nobody looks up the transactions of this context."),
    };

    /// <summary>A transaction of <paramref name="context"/> has begun.</summary>
    public void Start(DbContext context, string transactionId)
    {
        (TransactionId, HasFailedSave) = (transactionId, false);
        context.Database.AutoSavepointsEnabled = false;
    }

    /// <summary>
    /// Runs <paramref name="save"/> of <paramref name="context"/>. Before it a witness is noted, unless the transaction that is
    /// under way has one and this adds none.
    /// </summary>
    public async Task<int> SaveAsync(DbContext context, Func<Task<int>> save)
    {
        Witness = Witness.In(context.ChangeTracker) ?? (context.Database.CurrentTransaction is null ? null : Witness);
        try
        {
            return await save();
        }
        catch
        {
            HasFailedSave = true;
            throw;
        }
    }

    /// <summary>
    /// Runs <paramref name="work"/> in a transaction of <paramref name="context"/>, once more when the connection broke before
    /// the COMMIT (FAULT-4).
    /// </summary>
    public Task<T> InTransactionAsync<T>(DbContext context, Func<Task<T>> work, CancellationToken cancellationToken) =>
        context.Database.CreateExecutionStrategy().ExecuteAsync(
            async cancellation =>
            {
                context.ChangeTracker.Clear();
                Witness = null;
                await using var transaction = await context.Database.BeginTransactionAsync(cancellation);
                var outcome = await work();
                await transaction.CommitAsync(cancellation);
                return outcome;
            },
            cancellationToken);

    /// <summary>Forgets everything: the context is another's from now on.</summary>
    public void Clear() => (TransactionId, Witness, HasFailedSave) = (null, null, false);
}
