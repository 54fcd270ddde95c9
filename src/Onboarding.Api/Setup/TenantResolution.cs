using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Finbuckle.MultiTenant.AspNetCore.Routing;
using Finbuckle.MultiTenant.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Onboarding.Api.Http;
using Onboarding.Api.SignIn;
using Onboarding.Tenancy;
using Onboarding.Tenancy.ApiKeys;
using Onboarding.Tenancy.Organizations;

namespace Onboarding.Api.Setup;

/// <summary>Finds the organization of a request: by host, one of its own among them; on the bare base domain by <c>X-Tenant</c>, else by an API key.</summary>
internal static class TenantResolution
{
    public const string Header = "X-Tenant";

    private static readonly object NamedKey = new();

    public static IServiceCollection AddTenantResolution(this IServiceCollection services, WebOptions web)
    {
        // Strategies are asked in this order, and the first that names a known organization wins.
        services.AddFairShare().AddTenancy()
            .WithHostStrategy($"__tenant__.{web.BaseDomain}")
            .WithHeaderStrategy(Header)
            .WithDelegateStrategy<HttpContext, Organization>(FindByDomainOrKeyAsync);
        return services;
    }

    /// <summary>Goes right after routing. Behind it a request either has a serving organization or needs none.</summary>
    public static IApplicationBuilder UseTenantResolution(this IApplicationBuilder app) => app
        .Use(NameOneOrganizationAsync)
        .UseMultiTenant()
        .Use(AdmitAsync);

    /// <summary>
    /// Whether nothing but an API key names the organization. Whoever only knows or guesses an id must not learn from the
    /// answer whether it is one, so until the key has proven good every answer is that to a bad credential.
    /// </summary>
    public static bool IsNamedByApiKey(HttpContext context) => context.Items[NamedKey] is NamedByApiKey;

    /// <summary>
    /// Lets a request name one organization in one way. A header never overrides a host (SEC-2), so it is taken off
    /// wherever the host does the naming: resolution would otherwise fall back to it for an unknown host.
    /// </summary>
    private static Task NameOneOrganizationAsync(HttpContext context, RequestDelegate next)
    {
        if (IsTenantless(context))
        {
            return next(context);
        }

        var web = context.RequestServices.GetRequiredService<IOptions<WebOptions>>().Value;
        var host = context.Request.Host.Host.ToLowerInvariant();
        context.Request.Host = context.Request.Host.Port is { } port ? new HostString(host, port) : new HostString(host);
        var header = context.Request.Headers[Header];
        if (header.Count > 1)
        {
            return Problems.BadRequest("tenant.ambiguous", $"The header {Header} is repeated.").ExecuteAsync(context);
        }

        if (host == web.BaseDomain)
        {
            context.Items[NamedKey] = !string.IsNullOrWhiteSpace(header) ? header.ToString()
                : PresentedApiKey.Of(context.Request) is { } key ? new NamedByApiKey(ApiKeyToken.OrganizationOf(key))
                : null;
            return next(context);
        }

        return host.EndsWith($".{web.BaseDomain}", StringComparison.Ordinal)
            ? NameByHostAsync(context, next, host[..^(web.BaseDomain.Length + 1)], header)
            : NameByDomainAsync(context, next, host, header);
    }

    // A host elsewhere is that of whoever has shown that it is theirs; else it is nobody's, even where it is spelled like an
    // identifier.
    private static async Task NameByDomainAsync(HttpContext context, RequestDelegate next, string host, StringValues header)
    {
        var identifier = (await Store(context).GetByDomainAsync(host))?.Identifier;
        await NameByHostAsync(context, next, identifier ?? "", header, identifier is null ? null : new NamedByDomain(identifier));
    }

    private static Task NameByHostAsync(HttpContext context, RequestDelegate next, string label, StringValues header, NamedByDomain? domain = null)
    {
        if (header.Count == 1 && !string.Equals(header, label, StringComparison.OrdinalIgnoreCase))
        {
            return Problems.BadRequest("tenant.ambiguous", $"The host and the header {Header} name different organizations.").ExecuteAsync(context);
        }

        context.Request.Headers.Remove(Header);
        context.Items[NamedKey] = domain is null ? label : domain;
        return next(context);
    }

    // Whatever a host or a header has named, known or not, is not looked for again in the key.
    private static async Task<string?> FindByDomainOrKeyAsync(HttpContext context)
    {
        if (context.Items[NamedKey] is NamedByDomain domain)
        {
            return domain.Identifier;
        }

        if (context.Items[NamedKey] is not NamedByApiKey { Organization: { } id } named)
        {
            return null;
        }

        var identifier = (await Store(context).GetAsync(id.ToString()))?.Identifier;
        context.Items[NamedKey] = named with { Identifier = identifier };
        return identifier;
    }

    private static async Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        if (IsTenantless(context))
        {
            await next(context);
            return;
        }

        var organization = context.GetMultiTenantContext<Organization>().TenantInfo;
        if (organization is null && (organization = await AskAgainAsync(context)) is not null)
        {
            // Here and not in a method that is awaited: the ambient organization would end with it.
            context.SetTenantInfo(organization, resetServiceProviderScope: false);
        }

        var refusal = organization is null ? Unknown(context) : Refusal(context, organization);
        if (refusal is not null && IsNamedByApiKey(context))
        {
            refusal = Authentication.InvalidCredential(context);
        }

        await (refusal is null ? next(context) : refusal.ExecuteAsync(context));
    }

    /// <summary>
    /// Resolution takes a store that fails for one that does not know the name. Asked directly, a database that is down
    /// says so, and nobody is told that their organization does not exist.
    /// </summary>
    private static async Task<Organization?> AskAgainAsync(HttpContext context) =>
        context.Items[NamedKey] switch { NamedByDomain domain => domain.Identifier, NamedByApiKey key => key.Identifier, var named => named as string } is { } identifier
            ? await Store(context).GetByIdentifierAsync(identifier)
            : null;

    private static CachedOrganizationStore Store(HttpContext context) => context.RequestServices.GetRequiredService<CachedOrganizationStore>();

    private static IResult Unknown(HttpContext context) => context.Items[NamedKey] is null
        ? Problems.BadRequest("tenant.required", $"Name the organization: by its host, or by the header {Header}.")
        : Problems.NotFound("tenant.not_found", "There is no such organization.");

    private static IResult? Refusal(HttpContext context, Organization organization)
    {
        var schema = context.RequestServices.GetRequiredService<TenantSchema>();
        return organization.Status switch
        {
            OrganizationStatus.Suspended when !Suspension.IsReachable(context) || IsNamedByApiKey(context) => Suspension.Refusal(),
            OrganizationStatus.Deleting => Problems.NotFound("tenant.not_found", "There is no such organization."),
            OrganizationStatus.Provisioning => Problems.Unavailable("tenant.provisioning", "This organization is being set up.", TimeSpan.FromSeconds(2)),

            // Version N serves N and N-1 (architecture); an older schema would fail in the middle of a request.
            _ when organization.SchemaVersion < schema.OldestServed =>
                Problems.Unavailable("tenant.migrating", "This organization is being upgraded.", TimeSpan.FromSeconds(30)),
            _ => null,
        };
    }

    private static bool IsTenantless(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<IExcludeFromMultiTenantResolutionMetadata>() is { ExcludeFromResolution: true };

    private sealed record NamedByDomain(string Identifier);

    /// <param name="Organization">The id in the key; null when the key is malformed.</param>
    /// <param name="Identifier">What the organization of this id is called; null before it was looked for, and when there is none.</param>
    private sealed record NamedByApiKey(Guid? Organization, string? Identifier = null);
}
