using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Onboarding.Tenancy.Archives;
using Onboarding.Webhooks.Deliveries;
using Onboarding.Webhooks.Endpoints;
using Onboarding.Webhooks.Sending;

namespace Onboarding.Webhooks;

/// <summary>Registers webhooks: the queue of deliveries and what they are sent with.</summary>
public static class WebhooksServices
{
    /// <summary>Adds webhooks. Whoever adds them runs <see cref="FanOut"/> over events and <see cref="DeliveryQueue"/> over what is due.</summary>
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DeliveryOptions>().BindConfiguration(DeliveryOptions.Section).ValidateDataAnnotations().ValidateOnStart()
            .Validate<IOptions<WebhookOptions>>(
                (delivery, webhooks) => delivery.Lease > delivery.Turn + webhooks.Value.Timeout,
                "Webhooks:Delivery:Lease has to be longer than Webhooks:Delivery:Turn and Webhooks:Timeout together.");
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<EndpointSecrets>();
        services.AddSingleton<IImportedSecrets, ImportedEndpoints>();
        services.AddSingleton<Verdicts>();
        services.AddSingleton<AttemptRecords>();
        services.AddSingleton<AttemptRecorder>();
        services.AddSingleton(provider => new DeliveryTurns(
            provider.GetRequiredService<WebhookSender>(),
            provider.GetRequiredService<EndpointSecrets>(),
            provider.GetRequiredService<AttemptRecorder>(),
            provider.GetRequiredService<Verdicts>(),
            provider.GetRequiredService<IOptions<DeliveryOptions>>(),
            provider.GetRequiredService<IHostApplicationLifetime>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DeliveryTurns>>()));
        services.AddSingleton<FanOut>();
        services.AddSingleton<DeliveryQueue>();

        // Stopped in the opposite order: turns end first, then what they recorded is written.
        services.AddHostedService(provider => provider.GetRequiredService<AttemptRecorder>());
        services.AddHostedService(provider => provider.GetRequiredService<DeliveryTurns>());
        return services;
    }
}
