using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.SignIn;

/// <summary>Hashes passwords without letting hashing take the machine.</summary>
/// <remarks>
/// One hash is 60 ms of one core. Ungated, a sign-in flood took every other route from 57,000 to 5 requests a second;
/// so all cores but one may hash, few may wait, and the rest hear 429 (PERF-5). Of those places no organization gets more than
/// half, and some are the platform's alone: a flood of one organization's sign-ins keeps nobody else out (SEC-50).
/// </remarks>
internal sealed class PasswordGate(IPasswordHasher<Member> hasher) : IDisposable
{
    private static readonly int Hashing = Math.Max(1, Environment.ProcessorCount - 1);

    // About two seconds of waiting; a client that waits longer has given up.
    private static readonly int Waiting = 32 * Hashing;
    private static readonly int Places = Hashing + Waiting;
    private static readonly int OfOrganizations = Places - 4;
    private static readonly int OfOne = Places / 2;

    private readonly SemaphoreSlim gate = new(Hashing, Hashing);

    // For accounts that do not exist: verified against like a real one, so that time tells nothing (SEC-12).
    private readonly Lazy<string> nobody = new(() => hasher.HashPassword(null!, "nobody's password"));
    private readonly Lock counting = new();
    private readonly Dictionary<Guid, int> insideOf = [];
    private int inside;

    /// <summary>Whether too many wait: known before anything is read for a request that would be refused anyway.</summary>
    /// <param name="organization">Whose sign-in it is; null for the platform's.</param>
    public bool IsFull(Guid? organization)
    {
        lock (counting)
        {
            return !HasPlace(organization);
        }
    }

    /// <summary>The hash of a password; null when too many wait.</summary>
    /// <inheritdoc cref="IsFull" path="/param"/>
    public Task<string?> HashAsync(Guid? organization, string password, CancellationToken cancellationToken) =>
        RunAsync<string>(organization, () => hasher.HashPassword(null!, password), cancellationToken);

    /// <summary>Compares a password with a hash, or with nobody's when there is none; null when too many wait.</summary>
    /// <inheritdoc cref="IsFull" path="/param"/>
    public async Task<PasswordVerificationResult?> VerifyAsync(Guid? organization, string? hash, string password, CancellationToken cancellationToken)
    {
        var result = await RunAsync<object>(organization, () => hasher.VerifyHashedPassword(null!, hash ?? nobody.Value, password), cancellationToken);
        return result is null ? null : hash is null ? PasswordVerificationResult.Failed : (PasswordVerificationResult)result;
    }

    /// <summary>The answer where too many wait.</summary>
    public static ProblemHttpResult Busy() =>
        Problems.TooManyRequests("server.busy", "Too many people sign in right now. Try again in a moment.", TimeSpan.FromSeconds(2));

    public void Dispose() => gate.Dispose();

    private async Task<T?> RunAsync<T>(Guid? organization, Func<T> work, CancellationToken cancellationToken)
        where T : class
    {
        if (!TryEnter(organization))
        {
            return null;
        }

        try
        {
            await gate.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(work, CancellationToken.None);
            }
            finally
            {
                gate.Release();
            }
        }
        finally
        {
            Leave(organization);
        }
    }

    private bool HasPlace(Guid? organization) =>
        organization is { } one ? inside < OfOrganizations && insideOf.GetValueOrDefault(one) < OfOne : inside < Places;

    private bool TryEnter(Guid? organization)
    {
        lock (counting)
        {
            if (!HasPlace(organization))
            {
                return false;
            }

            inside++;
            if (organization is { } one)
            {
                insideOf[one] = insideOf.GetValueOrDefault(one) + 1;
            }

            return true;
        }
    }

    private void Leave(Guid? organization)
    {
        lock (counting)
        {
            inside--;
            if (organization is { } one && --insideOf[one] == 0)
            {
                insideOf.Remove(one);
            }
        }
    }
}
