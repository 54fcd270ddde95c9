using Microsoft.AspNetCore.Identity;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Whoever floods one organization's sign-in takes its places and nobody else's.</summary>
public sealed class PasswordFloodTests
{
    [Fact] // SEC-50, PERF-5
    public async Task One_organization_takes_half_of_the_places_at_most_and_all_of_them_none_of_the_platforms()
    {
        using var hasher = new HeldHasher();
        using var gate = new PasswordGate(hasher);
        var (flooded, other, late) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());

        var inside = Fill(flooded);
        var half = inside.Count;
        Assert.True(gate.IsFull(flooded));
        Assert.False(gate.IsFull(other));
        inside.AddRange(Fill(other));
        Assert.True(gate.IsFull(late));
        Assert.Null(await gate.VerifyAsync(late, hash: null, "wrong", CancellationToken.None));
        Assert.InRange(inside.Count, half + 1, 2 * half);
        Assert.False(gate.IsFull(organization: null));
        inside.Add(gate.VerifyAsync(organization: null, hash: null, "right", CancellationToken.None));

        hasher.Release();
        Assert.All(await Task.WhenAll(inside), result => Assert.Equal(PasswordVerificationResult.Failed, result));
        Assert.False(gate.IsFull(flooded));
        Assert.Equal("a hash", await gate.HashAsync(flooded, "right", CancellationToken.None));

        List<Task<PasswordVerificationResult?>> Fill(Guid organization)
        {
            var tasks = new List<Task<PasswordVerificationResult?>>();
            while (!gate.IsFull(organization))
            {
                tasks.Add(gate.VerifyAsync(organization, hash: null, "wrong", CancellationToken.None));
            }

            return tasks;
        }
    }

    /// <summary>Takes as long as a test wants.</summary>
    private sealed class HeldHasher : IPasswordHasher<Member>, IDisposable
    {
        private readonly ManualResetEventSlim released = new();

        public string HashPassword(Member user, string password) => "a hash";

        public PasswordVerificationResult VerifyHashedPassword(Member user, string hashedPassword, string providedPassword)
        {
            released.Wait();
            return PasswordVerificationResult.Failed;
        }

        public void Release() => released.Set();

        public void Dispose() => released.Dispose();
    }
}
