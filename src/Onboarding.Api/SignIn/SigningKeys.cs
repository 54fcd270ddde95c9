using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.SignIn;

namespace Onboarding.Api.SignIn;

/// <summary>The P-256 keys of this product: the one that signs now, and those that verifiers may still meet.</summary>
/// <remarks>All nodes share them through <c>platform.signing_keys</c>; each keeps a copy and looks again for an unknown key id.</remarks>
internal sealed class SigningKeys(
    IDbContextFactory<PlatformDbContext> platform, IDataProtectionProvider protection, IOptions<SignInOptions> options, TimeProvider clock)
    : IDisposable
{
    /// <summary>A key is published this long before it signs, so that verifiers which cache the set know it in time.</summary>
    private static readonly TimeSpan Announcement = TimeSpan.FromDays(1);

    /// <summary>An unknown key id makes a node look again, but not more often than this: anybody can make one up.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly IDataProtector protector = protection.CreateProtector("signing-keys");
    private readonly SemaphoreSlim loading = new(1, 1);
    private volatile IReadOnlyList<LoadedKey> keys = [];
    private DateTimeOffset loadedAt;

    private sealed record LoadedKey(ECDsaSecurityKey Key, DateTimeOffset ActiveFrom, DateTimeOffset ExpiresAt);

    /// <summary>The key that signs now: the newest one that has begun.</summary>
    public SigningCredentials Current =>
        new(keys.Where(k => k.ActiveFrom <= clock.GetUtcNow()).MaxBy(k => k.ActiveFrom)!.Key, SecurityAlgorithms.EcdsaSha256);

    /// <summary>Everything to be published at <c>/.well-known/jwks.json</c>.</summary>
    public IReadOnlyList<ECDsaSecurityKey> Published
    {
        get
        {
            var now = clock.GetUtcNow();
            return [.. keys.Where(k => now < k.ExpiresAt).Select(k => k.Key)];
        }
    }

    /// <summary>The published key of that id, or none.</summary>
    public async ValueTask<SecurityKey?> FindAsync(string? id, CancellationToken cancellationToken)
    {
        if (Find(id) is { } known)
        {
            return known;
        }

        if (clock.GetUtcNow() - loadedAt > LookAgain)
        {
            await LoadAsync(cancellationToken);
        }

        return Find(id);
    }

    public void Dispose() => loading.Dispose();

    private ECDsaSecurityKey? Find(string? id) => Published.FirstOrDefault(key => key.KeyId == id);

    /// <summary>Sees to it that a key signs and that its successor is announced; run at start and once a day by the cluster.</summary>
    public async Task RotateAsync(CancellationToken cancellationToken)
    {
        await using (var db = await platform.CreateDbContextAsync(cancellationToken))
        {
            await db.InTransactionAsync(() => RotateAsync(db, cancellationToken), cancellationToken);
        }

        await LoadAsync(cancellationToken);
    }

    private async Task<int> RotateAsync(PlatformDbContext db, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtext('onboarding.signing_keys'))", cancellationToken);
        var now = clock.GetUtcNow();
        await db.SigningKeys.Where(k => k.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
        var newest = await db.SigningKeys.OrderByDescending(k => k.ActiveFrom).FirstOrDefaultAsync(cancellationToken);
        if (newest is null)
        {
            db.SigningKeys.Add(Create(activeFrom: now, now));
        }
        else if (newest.ActiveFrom + options.Value.SigningKeyLifetime - Announcement <= now)
        {
            // Announced late, because no rotation ran in time, it begins early rather than leave tokens to a withdrawn key.
            var lastCall = newest.ExpiresAt - options.Value.AccessTokenLifetime;
            db.SigningKeys.Add(Create(activeFrom: Earlier(now + Announcement, lastCall), now));
        }

        return await db.SaveChangesAsync(cancellationToken);
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private SigningKey Create(DateTimeOffset activeFrom, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

        // It outlives its last signature by the lifetime of a token, and the job that would replace it by a day.
        var expires = activeFrom + options.Value.SigningKeyLifetime + options.Value.AccessTokenLifetime + Announcement + Announcement;
        return SigningKey.Create(id, protector.Protect(key.ExportPkcs8PrivateKey()), activeFrom, expires, now);
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await loading.WaitAsync(cancellationToken);
        try
        {
            await using var db = await platform.CreateDbContextAsync(cancellationToken);
            var stored = await db.SigningKeys.AsNoTracking().OrderBy(k => k.ActiveFrom).ToListAsync(cancellationToken);
            keys = [.. stored.Select(Load)];
            loadedAt = clock.GetUtcNow();
        }
        finally
        {
            loading.Release();
        }
    }

    private LoadedKey Load(SigningKey stored)
    {
        var known = keys.FirstOrDefault(k => k.Key.KeyId == stored.Id)?.Key;
        if (known is null)
        {
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(protector.Unprotect(stored.ProtectedKey), out _);
            known = new ECDsaSecurityKey(key) { KeyId = stored.Id };
        }

        return new(known, stored.ActiveFrom, stored.ExpiresAt);
    }
}
