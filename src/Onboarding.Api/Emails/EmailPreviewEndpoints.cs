using Finbuckle.MultiTenant.AspNetCore.Extensions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Onboarding.Api.Emails;

internal static class EmailPreviewEndpoints
{
    /// <summary>For Development only: whoever designs a mail sees all of them beside each other.</summary>
    public static void MapEmailPreviews(this IEndpointRouteBuilder endpoints)
    {
        var mails = endpoints.MapGroup("/dev/mails").AllowAnonymous().ExcludeFromDescription().ExcludeFromMultiTenantResolution();
        mails.MapGet("", ShowAllAsync);
        mails.MapGet("/{name}", ShowAsync);
    }

    private static async Task<ContentHttpResult> ShowAllAsync(HttpContext context, EmailRenderer renderer)
    {
        var mails = new List<EmailPreview>();
        foreach (var (name, mail) in EmailPreviews.All)
        {
            mails.Add(EmailPreview.Of(name, await renderer.RenderAsync(mail, EmailPreviews.Branding)));
        }

        return await DevelopmentPage.RenderAsync<EmailPreviewsPage>(context, new() { [nameof(EmailPreviewsPage.Mails)] = mails });
    }

    private static async Task<Results<ContentHttpResult, NotFound>> ShowAsync(string name, HttpContext context, EmailRenderer renderer) =>
        EmailPreviews.All.TryGetValue(name, out var mail)
            ? DevelopmentPage.Html(context, (await renderer.RenderAsync(mail, EmailPreviews.Branding)).Html)
            : TypedResults.NotFound();
}
