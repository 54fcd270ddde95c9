using Onboarding.Api.Http;
using Onboarding.Tenancy.Members;

namespace Onboarding.Api.Features.Billing;

/// <summary>What an organization has, what it pays, and how it changes that.</summary>
internal static class BillingFeature
{
    public static IServiceCollection AddBillingFeature(this IServiceCollection services)
    {
        services.AddOptions<BillingPageOptions>().BindConfiguration(BillingPageOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddScoped<BillingPages>()
            .AddScoped<BillingAccount>()
            .AddScoped<ListPlans>()
            .AddScoped<ListFeatures>()
            .AddScoped<GetSubscription>()
            .AddScoped<RefreshSubscription>()
            .AddScoped<ReturnFromCheckout>()
            .AddScoped<OpeningCheckouts>()
            .AddScoped<StartCheckout>()
            .AddScoped<OpenPortal>()
            .AddScoped<PreviewChange>()
            .AddScoped<ChangePlan>()
            .AddScoped<CancelSubscription>()
            .AddScoped<ResumeSubscription>()
            .AddScoped<ListInvoices>()
            .AddScoped<GetInvoice>()
            .AddScoped<GetUsage>()
            .AddScoped<ReceiveStripeCallback>();
    }

    public static void MapBilling(this IEndpointRouteBuilder routes)
    {
        var billing = routes.MapGroup("/billing").WithTags("Billing");
        ListPlans.Map(billing);
        ReturnFromCheckout.Map(billing);
        ReceiveStripeCallback.Map(billing);
        ListFeatures.Map(routes.MapGroup("/features").WithTags("Billing"));

        var managed = billing.MapGroup("").RequireAuthorization(Permissions.ManageBilling).ReachableWhileSuspended();
        GetSubscription.Map(managed);
        RefreshSubscription.Map(managed);
        StartCheckout.Map(managed);
        OpenPortal.Map(managed);
        PreviewChange.Map(managed);
        ChangePlan.Map(managed);
        CancelSubscription.Map(managed);
        ResumeSubscription.Map(managed);
        ListInvoices.Map(managed);
        GetInvoice.Map(managed);
        GetUsage.Map(managed);
    }
}
