namespace Onboarding.Api.Features.Webhooks;

/// <summary>Customer systems that hear of events: endpoints, and what became of each message.</summary>
internal static class WebhooksFeature
{
    public static IServiceCollection AddWebhooksFeature(this IServiceCollection services) => services
        .AddScoped<ChangingEndpoints>().AddScoped<EventAccess>().AddScoped<CreateEndpoint>().AddScoped<ListEndpoints>().AddScoped<GetEndpoint>().AddScoped<ChangeEndpoint>()
        .AddScoped<DeleteEndpoint>().AddScoped<RotateEndpointSecret>().AddScoped<TestEndpoint>().AddScoped<EnableEndpoint>().AddScoped<DisableEndpoint>()
        .AddScoped<RecoverEndpoint>().AddScoped<GetEndpointStats>()
        .AddScoped<ListMessages>().AddScoped<GetMessage>()
        .AddScoped<ListDeliveries>().AddScoped<GetDelivery>().AddScoped<ListAttempts>().AddScoped<ResendDelivery>().AddScoped<SkipDelivery>();

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/webhooks").WithTags("Webhooks");
        ListEventTypes.Map(group);
        CreateEndpoint.Map(group);
        ListEndpoints.Map(group);
        GetEndpoint.Map(group);
        ChangeEndpoint.Map(group);
        DeleteEndpoint.Map(group);
        RotateEndpointSecret.Map(group);
        TestEndpoint.Map(group);
        EnableEndpoint.Map(group);
        DisableEndpoint.Map(group);
        RecoverEndpoint.Map(group);
        GetEndpointStats.Map(group);
        ListMessages.Map(group);
        GetMessage.Map(group);
        ListDeliveries.Map(group);
        GetDelivery.Map(group);
        ListAttempts.Map(group);
        ResendDelivery.Map(group);
        SkipDelivery.Map(group);
    }
}
