namespace Onboarding.Api.Features.ApprovalRules;

/// <summary>What happens to people of an e-mail domain without anybody deciding about each (ONB-9).</summary>
internal static class ApprovalRulesFeature
{
    public static IServiceCollection AddApprovalRules(this IServiceCollection services) => services
        .AddScoped<ListApprovalRules>().AddScoped<AddApprovalRule>().AddScoped<RemoveApprovalRule>().AddScoped<SimulateApprovalRules>();

    public static void MapApprovalRules(this IEndpointRouteBuilder routes)
    {
        var rules = routes.MapGroup("/approval-rules").WithTags("Admin");
        ListApprovalRules.Map(rules);
        AddApprovalRule.Map(rules);
        RemoveApprovalRule.Map(rules);
        SimulateApprovalRules.Map(rules);
    }
}
