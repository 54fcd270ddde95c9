using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks;

/// <summary>Registers what webhooks are sent with.</summary>
public static class WebhooksServices
{
    /// <summary>Adds <see cref="WebhookSender"/>.</summary>
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<WebhookSender>();
        return services;
    }
}
