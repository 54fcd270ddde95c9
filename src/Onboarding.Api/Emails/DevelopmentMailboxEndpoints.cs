using System.Text.Json;
using Finbuckle.MultiTenant.AspNetCore.Extensions;

namespace Onboarding.Api.Emails;

internal static class DevelopmentMailboxEndpoints
{
    private static readonly JsonSerializerOptions SnakeCase = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>For Development only: the mails carry codes, and nobody has to sign in to read them.</summary>
    public static IEndpointConventionBuilder MapDevelopmentMailbox(this IEndpointRouteBuilder endpoints)
    {
        var mailbox = endpoints.MapGroup("/dev").AllowAnonymous().ExcludeFromDescription().ExcludeFromMultiTenantResolution();
        mailbox.MapGet("/mailbox", (HttpContext context, DevelopmentMailbox mails, string? to = null) =>
            DevelopmentPage.RenderAsync<DevelopmentMailboxPage>(context, new()
            {
                [nameof(DevelopmentMailboxPage.Mails)] = mails.Newest(to),
                [nameof(DevelopmentMailboxPage.To)] = to,
            }));
        mailbox.MapGet("/mailbox.json", (DevelopmentMailbox mails, string? to = null) => TypedResults.Json(mails.Newest(to), SnakeCase));
        return mailbox;
    }
}
