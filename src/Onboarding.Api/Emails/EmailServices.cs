using Onboarding.Api.Setup;

namespace Onboarding.Api.Emails;

internal static class EmailServices
{
    /// <summary>Mails leave by SMTP. In Development nothing leaves the machine unless a mail server is named.</summary>
    public static IServiceCollection AddEmails(this IServiceCollection services, IHostEnvironment environment, IConfiguration configuration)
    {
        services.AddSingleton<EmailRenderer>().AddSingleton<EmailProtector>().AddScoped<EmailQueue>().AddScoped<RegistrationEmails>().AddScoped<Jobs.EventConsumers>();
        services.AddScoped<InvitationEmails>().AddScoped<MembershipEmails>().AddScoped<WaitingMembersEmails>();
        services.AddScoped<AccountEmails>().AddScoped<WebhookEmails>().AddScoped<SuperAdminEmails>().AddSingleton<PlatformEmails>();
        services.AddOptions<ProductOptions>().BindConfiguration(ProductOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<DevelopmentMailbox>();
        var smtp = services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.Section);
        if (environment.IsDevelopment() && string.IsNullOrEmpty(configuration[$"{SmtpOptions.Section}:Host"]))
        {
            return services.AddSingleton<IEmailTransport>(provider => provider.GetRequiredService<DevelopmentMailbox>());
        }

        smtp.ValidateDataAnnotations().ValidateOnStart();
        return services.AddSingleton<IEmailTransport, SmtpEmailTransport>();
    }
}
