// The part of Finbuckle.MultiTenant 10.1.2 that this project uses, under the same names, so that the packages can
// take its place without a change elsewhere. Compiled only when UseFinbuckle is false.

namespace Finbuckle.MultiTenant.Abstractions;

/// <summary>What every tenant has.</summary>
public interface ITenantInfo
{
    /// <summary>Never changes and is never shown; the primary key in a catalogue.</summary>
    string Id { get; }

    /// <summary>What a request names it by, for instance a subdomain. Unique in a store.</summary>
    string Identifier { get; }
}

/// <summary>The outcome of looking for a tenant, for callers that do not know its type.</summary>
public interface IMultiTenantContext
{
    /// <summary>The tenant, or null when none was found.</summary>
    ITenantInfo? TenantInfo { get; }

    /// <summary>True when there is a tenant.</summary>
    bool IsResolved { get; }
}

/// <summary>The outcome of looking for a tenant.</summary>
public interface IMultiTenantContext<TTenantInfo> : IMultiTenantContext
    where TTenantInfo : ITenantInfo
{
    /// <summary>The tenant, or null when none was found.</summary>
    new TTenantInfo? TenantInfo { get; }
}

/// <summary>The outcome of looking for a tenant; does not change once made.</summary>
public class MultiTenantContext<TTenantInfo>(TTenantInfo? tenantInfo) : IMultiTenantContext<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    /// <inheritdoc />
    public TTenantInfo? TenantInfo { get; } = tenantInfo;

    /// <inheritdoc />
    public bool IsResolved => TenantInfo is not null;

    ITenantInfo? IMultiTenantContext.TenantInfo => TenantInfo;
}

/// <summary>Reads the tenant of the current flow of execution.</summary>
public interface IMultiTenantContextAccessor<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    /// <summary>Never null: unresolved where nobody has set a tenant.</summary>
    IMultiTenantContext<TTenantInfo> MultiTenantContext { get; }
}

/// <summary>Sets the tenant of the current flow of execution, where there is no request to resolve it from.</summary>
public interface IMultiTenantContextSetter
{
    /// <summary>Seen by the current flow and the flows it starts, never by the one that started it.</summary>
    IMultiTenantContext MultiTenantContext { set; }
}

/// <summary>One way to tell which tenant a request means.</summary>
public interface IMultiTenantStrategy
{
    /// <summary>The identifier in <paramref name="context"/>, usually an HttpContext; null to let the next strategy try.</summary>
    Task<string?> GetIdentifierAsync(object context);
}

/// <summary>Where tenants are kept.</summary>
public interface IMultiTenantStore<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    /// <summary>Adds a tenant; true when it was stored.</summary>
    Task<bool> AddAsync(TTenantInfo tenantInfo);

    /// <summary>Replaces the tenant with the same id; true when it was stored.</summary>
    Task<bool> UpdateAsync(TTenantInfo tenantInfo);

    /// <summary>Removes the tenant with this identifier; true when it was there and is gone.</summary>
    Task<bool> RemoveAsync(string identifier);

    /// <summary>The tenant with this identifier, or null.</summary>
    Task<TTenantInfo?> GetByIdentifierAsync(string identifier);

    /// <summary>The tenant with this id, or null.</summary>
    Task<TTenantInfo?> GetAsync(string id);

    /// <summary>Every tenant.</summary>
    Task<IEnumerable<TTenantInfo>> GetAllAsync();

    /// <summary>One page of tenants, in no promised order.</summary>
    Task<IEnumerable<TTenantInfo>> GetAllAsync(int take, int skip);
}

/// <summary>Asks strategies and stores for a tenant.</summary>
public interface ITenantResolver
{
    /// <summary>A context of the tenant's type; never null, but unresolved when nothing was found.</summary>
    Task<IMultiTenantContext> ResolveAsync(object context);
}

/// <summary>A strategy threw.</summary>
public class MultiTenantException(string? message, Exception? innerException) : Exception(message, innerException);
