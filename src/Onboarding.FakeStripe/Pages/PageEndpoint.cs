using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Onboarding.FakeStripe.Callbacks;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Pages;

/// <summary>The pages by which a person plays the customer, Stripe, and time.</summary>
internal sealed class PageEndpoint(Cast cast, Deliverer deliverer)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", context => ShowAsync(context, () => HomePage.Show(cast)));
        routes.MapGet("/checkout/{id}", context => ShowAsync(context, () => CheckoutPage.Show(cast, Id(context), null)));
        routes.MapGet("/portal/{id}", context => ShowAsync(context, () => PortalPage.Show(cast, Id(context), context.Request.Query["return_url"], null)));
        routes.MapPost("/checkout/{id}", context => PressAsync(context, CheckoutAsync));
        routes.MapPost("/portal/{id}", context => PressAsync(context, PortalAsync));
        routes.MapPost("/callbacks", context => PressAsync(context, CallbacksAsync));
    }

    private static string Id(HttpContext context) => context.Request.RouteValues["id"] as string ?? "";

    private async Task ShowAsync(HttpContext context, Func<string> show)
    {
        try
        {
            await WriteAsync(context, cast.World.Read(show));
        }
        catch (StripeError error)
        {
            await FailAsync(context, error);
        }
    }

    // Another site in the same browser has no buttons here.
    private static async Task PressAsync(HttpContext context, Func<HttpContext, IFormCollection, Task> press)
    {
        if (context.Request.Headers["Sec-Fetch-Site"] == "cross-site" || !context.Request.HasFormContentType)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        try
        {
            await press(context, await context.Request.ReadFormAsync());
        }
        catch (StripeError error)
        {
            await FailAsync(context, error);
        }
    }

    private async Task CheckoutAsync(HttpContext context, IFormCollection form)
    {
        var (url, told) = cast.World.Do(() => CheckoutPage.Press(cast, Id(context), form["action"]));
        if (url is not null)
        {
            Redirect(context, url);
            return;
        }

        await WriteAsync(context, cast.World.Read(() => CheckoutPage.Show(cast, Id(context), told)));
    }

    private async Task PortalAsync(HttpContext context, IFormCollection form)
    {
        string? back = context.Request.Query["return_url"];
        try
        {
            cast.World.Do(() => PortalPage.Press(cast, Id(context), form["action"], form["subscription"], form["pass"]));
            Redirect(context, $"/portal/{Id(context)}" + (back is null ? "" : $"?return_url={Uri.EscapeDataString(back)}"));
        }
        catch (StripeError error) when (error.Status == StatusCodes.Status400BadRequest)
        {
            await WriteAsync(context, cast.World.Read(() => PortalPage.Show(cast, Id(context), back, error.Message)));
        }
    }

    private async Task CallbacksAsync(HttpContext context, IFormCollection form)
    {
        if (form["action"] == "send")
        {
            await deliverer.SendWaitingAsync();
        }
        else
        {
            cast.World.Do(() => cast.World.State.IsHeld = form["action"] == "hold");
        }

        Redirect(context, "/");
    }

    private static void Redirect(HttpContext context, string url)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = url;
    }

    private static Task FailAsync(HttpContext context, StripeError error)
    {
        context.Response.StatusCode = error.Status;
        return WriteAsync(context, Html.Page("This cannot be done", $"<section><p>{Html.Encode(error.Message)}</p></section>"));
    }

    private static Task WriteAsync(HttpContext context, string html)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(html, Encoding.UTF8);
    }
}
