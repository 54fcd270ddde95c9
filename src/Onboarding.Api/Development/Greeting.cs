using System.Text;
using Microsoft.Extensions.Options;
using Onboarding.Api.Setup;

namespace Onboarding.Api.Development;

/// <summary>What <c>./dev up</c> prints once it serves: where everything is and who can sign in.</summary>
internal static class Greeting
{
    /// <summary>Prints it as soon as requests are answered. Development only: it tells passwords.</summary>
    public static void Welcome(this WebApplication app)
    {
        if (app.Environment.IsDevelopment() && app.Services.GetRequiredService<IOptions<DevelopmentOptions>>().Value is { Greeting: true } options)
        {
            app.Lifetime.ApplicationStarted.Register(() => Console.WriteLine(Text(
                new(app.Services.GetRequiredService<IOptions<WebOptions>>().Value.PublicUrl),
                options.Demo,
                app.Services.GetService<FakeStripe.FakeStripe>()?.Address)));
        }
    }

    private static string Text(Uri address, bool demo, string? stripe)
    {
        var root = address.GetLeftPart(UriPartial.Authority);
        var text = new StringBuilder()
            .AppendLine()
            .AppendLine($"  API       {root}/swagger")
            .AppendLine($"  Mailbox   {root}/dev/mailbox");
        if (stripe is not null)
        {
            text.AppendLine($"  Stripe    {stripe.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}   (a fake: no money moves)");
        }

        if (demo)
        {
            foreach (var (identifier, name, plan) in DemoData.Organizations)
            {
                text.AppendLine($"  {name,-8}  {address.Scheme}://{identifier}.{address.Authority}   or {root} with X-Tenant: {identifier}   (plan {plan})");
            }

            text.AppendLine($"  Accounts  admin and user in each, password {DemoData.Password}; three people wait in each queue");
        }

        return text.ToString();
    }
}
