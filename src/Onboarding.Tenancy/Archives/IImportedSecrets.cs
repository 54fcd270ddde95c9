using Npgsql;

namespace Onboarding.Tenancy.Archives;

/// <summary>Secrets in an organization's tables that this installation may have no key for, because they come from another one.</summary>
public interface IImportedSecrets
{
    /// <summary>What is said of those that had to go, after their number.</summary>
    string WhatBecame { get; }

    /// <summary>Takes away what cannot be opened, inside the transaction that imports it. The search path is the organization's schema.</summary>
    /// <param name="transaction">The owner's.</param>
    /// <param name="scope">What the secrets were encrypted for.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <returns>How many.</returns>
    Task<int> DropUnreadableAsync(NpgsqlTransaction transaction, Guid scope, CancellationToken cancellationToken);
}
