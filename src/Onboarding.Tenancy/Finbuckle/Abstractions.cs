// The part of Finbuckle.MultiTenant 10.1.2 that this project uses, under the same names, so that the packages can
// take its place without a change elsewhere. Compiled only when UseFinbuckle is false.

namespace Finbuckle.MultiTenant.Abstractions;

/// <summary>What every tenant has: a key, and the name requests know it by.</summary>
public interface ITenantInfo
{
    /// <summary>Never changes and is never shown; the primary key in a catalogue.</summary>
    string Id { get; }

    /// <summary>What a strategy finds in a request, for instance a subdomain. Unique in a store.</summary>
    string Identifier { get; }
}

/// <summary>The outcome of looking for a tenant, for callers that do not know its type.</summary>
public interface IMultiTenantContext
{
    /// <summary>The tenant, or null when none was found.</summary>
    ITenantInfo? TenantInfo { get; init; }

    /// <summary>True when there is a tenant.</summary>
    bool IsResolved { get; }

    /// <summary>The strategy that found the identifier; null when unresolved or set by hand.</summary>
    StrategyInfo? StrategyInfo { get; init; }
}

/// <summary>The outcome of looking for a tenant.</summary>
public interface IMultiTenantContext<TTenantInfo> : IMultiTenantContext
    where TTenantInfo : ITenantInfo
{
    /// <summary>The tenant, or null when none was found.</summary>
    new TTenantInfo? TenantInfo { get; }

    /// <summary>The store that knew the identifier; null when unresolved or set by hand.</summary>
    StoreInfo<TTenantInfo>? StoreInfo { get; }
}

/// <summary>Reads the tenant of the current flow of execution.</summary>
public interface IMultiTenantContextAccessor
{
    /// <summary>Never null: unresolved where nobody has set a tenant.</summary>
    IMultiTenantContext MultiTenantContext { get; }
}

/// <summary>Reads the tenant of the current flow of execution, typed.</summary>
public interface IMultiTenantContextAccessor<TTenantInfo> : IMultiTenantContextAccessor
    where TTenantInfo : ITenantInfo
{
    /// <summary>Never null: unresolved where nobody has set a tenant.</summary>
    new IMultiTenantContext<TTenantInfo> MultiTenantContext { get; }
}

/// <summary>Sets the tenant of the current flow of execution, where there is no request to resolve it from.</summary>
public interface IMultiTenantContextSetter
{
    /// <summary>Seen by the current flow and the flows it starts, never by the one that started it.</summary>
    IMultiTenantContext MultiTenantContext { set; }
}

/// <summary>Where tenants are kept.</summary>
public interface IMultiTenantStore<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    /// <summary>Adds a tenant.</summary>
    /// <returns>True when it was stored.</returns>
    Task<bool> AddAsync(TTenantInfo tenantInfo);

    /// <summary>Replaces the tenant with the same <see cref="ITenantInfo.Id"/>.</summary>
    /// <returns>True when it was stored.</returns>
    Task<bool> UpdateAsync(TTenantInfo tenantInfo);

    /// <summary>Removes a tenant.</summary>
    /// <param name="identifier">Its identifier, not its id.</param>
    /// <returns>True when it was there and is gone.</returns>
    Task<bool> RemoveAsync(string identifier);

    /// <summary>The tenant a request means.</summary>
    /// <returns>The tenant, or null when the store does not know it.</returns>
    Task<TTenantInfo?> GetByIdentifierAsync(string identifier);

    /// <summary>The tenant with this key.</summary>
    /// <param name="id">Its id, not its identifier.</param>
    /// <returns>The tenant, or null when the store does not know it.</returns>
    Task<TTenantInfo?> GetAsync(string id);

    /// <summary>Every tenant.</summary>
    Task<IEnumerable<TTenantInfo>> GetAllAsync();

    /// <summary>One page of tenants.</summary>
    /// <param name="take">How many at most.</param>
    /// <param name="skip">How many to leave out before.</param>
    /// <returns>The page, in no promised order.</returns>
    Task<IEnumerable<TTenantInfo>> GetAllAsync(int take, int skip);
}

/// <summary>One way to tell which tenant a request means.</summary>
public interface IMultiTenantStrategy
{
    /// <summary>Looks for an identifier.</summary>
    /// <param name="context">What to look at, usually an HttpContext; anything else is answered with null.</param>
    /// <returns>The identifier, or null to let the next strategy try.</returns>
    Task<string?> GetIdentifierAsync(object context);

    /// <summary>Higher runs earlier; equals run in the order of registration. 0 unless overridden.</summary>
    /// <remarks>The package documents the opposite of what its code does; this follows its code.</remarks>
    int Priority => 0;
}

/// <summary>Asks strategies and stores for a tenant.</summary>
public interface ITenantResolver
{
    /// <summary>Looks for a tenant.</summary>
    /// <returns>Never null: unresolved when nothing was found.</returns>
    Task<IMultiTenantContext> ResolveAsync(object context);

    /// <summary>In the order in which they are asked.</summary>
    IEnumerable<IMultiTenantStrategy> Strategies { get; set; }
}

/// <summary>Asks strategies and stores for a tenant, typed.</summary>
public interface ITenantResolver<TTenantInfo> : ITenantResolver
    where TTenantInfo : ITenantInfo
{
    /// <summary>Looks for a tenant.</summary>
    /// <returns>Never null: unresolved when nothing was found.</returns>
    new Task<IMultiTenantContext<TTenantInfo>> ResolveAsync(object context);

    /// <summary>In the order in which they are asked.</summary>
    IEnumerable<IMultiTenantStore<TTenantInfo>> Stores { get; set; }
}

/// <summary>The strategy behind a resolved tenant.</summary>
public class StrategyInfo
{
    /// <summary>The type of <see cref="Strategy"/>.</summary>
    public Type? StrategyType => Strategy?.GetType();

    /// <summary>The strategy.</summary>
    public IMultiTenantStrategy? Strategy { get; init; }
}

/// <summary>The store behind a resolved tenant.</summary>
public class StoreInfo<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    /// <summary>The type of <see cref="Store"/>.</summary>
    public Type? StoreType => Store?.GetType();

    /// <summary>The store.</summary>
    public IMultiTenantStore<TTenantInfo>? Store { get; init; }
}

/// <summary>The outcome of looking for a tenant; does not change once made.</summary>
public class MultiTenantContext<TTenantInfo>(
    TTenantInfo? tenantInfo, StrategyInfo? strategyInfo, StoreInfo<TTenantInfo>? storeInfo)
    : IMultiTenantContext<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    /// <summary>A tenant that was set by hand, or none.</summary>
    public MultiTenantContext(TTenantInfo? tenantInfo)
        : this(tenantInfo, null, null)
    {
    }

    /// <inheritdoc />
    public TTenantInfo? TenantInfo { get; init; } = tenantInfo;

    /// <inheritdoc />
    public bool IsResolved => TenantInfo is not null;

    /// <inheritdoc />
    public StrategyInfo? StrategyInfo { get; init; } = strategyInfo;

    /// <inheritdoc />
    public StoreInfo<TTenantInfo>? StoreInfo { get; init; } = storeInfo;

    ITenantInfo? IMultiTenantContext.TenantInfo
    {
        get => TenantInfo;
        init => TenantInfo = (TTenantInfo?)value;
    }
}

/// <summary>Tenancy is set up wrongly, or a strategy threw.</summary>
public class MultiTenantException : Exception
{
    /// <summary>Without a cause.</summary>
    public MultiTenantException(string? message)
        : base(message)
    {
    }

    /// <summary>With a cause.</summary>
    public MultiTenantException(string? message, Exception? innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Keeps the tenant in the execution context: every instance of one tenant type sees the same value.</summary>
public class AsyncLocalMultiTenantContextAccessor<TTenantInfo>
    : IMultiTenantContextSetter, IMultiTenantContextAccessor<TTenantInfo>
    where TTenantInfo : ITenantInfo
{
    private static readonly AsyncLocal<IMultiTenantContext<TTenantInfo>?> Current = new();

    /// <inheritdoc />
    public IMultiTenantContext<TTenantInfo> MultiTenantContext =>
        Current.Value ??= new MultiTenantContext<TTenantInfo>(default);

    IMultiTenantContext IMultiTenantContextAccessor.MultiTenantContext => MultiTenantContext;

    IMultiTenantContext IMultiTenantContextSetter.MultiTenantContext
    {
        set => Current.Value = (IMultiTenantContext<TTenantInfo>?)value;
    }
}
