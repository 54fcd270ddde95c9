using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Onboarding.Tenancy.Mail;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Organizations;
using Onboarding.Tenancy.SignIn;
using Onboarding.Tenancy.Webhooks;

namespace Onboarding.Tenancy.Data;

/// <summary>Names as PostgreSQL likes them: <c>snake_case</c> for tables, columns, keys and enum values.</summary>
public static class SnakeCase
{
    /// <summary>One name.</summary>
    public static string Name(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    /// <summary>Renames everything in the model; configurations then name only what differs.</summary>
    public static void Apply(ModelBuilder builder)
    {
        // What lives inside a JSON column is no table and has no columns.
        foreach (var entity in builder.Model.GetEntityTypes().Where(entity => !entity.IsMappedToJson()))
        {
            entity.SetTableName(Name(entity.GetTableName()!));
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(Name(property.GetColumnName()));
            }

            foreach (var key in entity.GetKeys())
            {
                key.SetName($"pk_{entity.GetTableName()}");
            }

            foreach (var key in entity.GetForeignKeys())
            {
                key.SetConstraintName($"fk_{entity.GetTableName()}_{string.Join('_', key.Properties.Select(p => p.GetColumnName()))}");
            }

            foreach (var index in entity.GetIndexes().Where(index => index.Name is null))
            {
                index.SetDatabaseName($"ix_{entity.GetTableName()}_{string.Join('_', index.Properties.Select(p => p.GetColumnName()))}");
            }
        }
    }

    /// <summary>Enums are text: PostgreSQL's own enum types would have to be loaded for every schema.</summary>
    internal static void EnumsAsText(ModelConfigurationBuilder builder)
    {
        Text<ApprovalAction>(builder);
        Text<ChallengeKind>(builder);
        Text<CodePurpose>(builder);
        Text<EmailStatus>(builder);
        Text<LinkPurpose>(builder);
        Text<MemberStatus>(builder);
        Text<OrganizationStatus>(builder);
        Text<WebhookDeliveryStatus>(builder);
        Text<WebhookDisabledReason>(builder);
        Text<WebhookEndpointStatus>(builder);
    }

    /// <summary>The same for an enum of another schema's.</summary>
    public static void Text<TEnum>(ModelConfigurationBuilder builder)
        where TEnum : struct, Enum =>
        builder.Properties<TEnum>().HaveConversion<SnakeCaseEnumConverter<TEnum>>().HaveMaxLength(32);
}

/// <summary>An enum value as its <c>snake_case</c> name.</summary>
internal sealed class SnakeCaseEnumConverter<TEnum>() : ValueConverter<TEnum, string>(
    value => Names[value], name => Values[name])
    where TEnum : struct, Enum
{
    private static readonly Dictionary<TEnum, string> Names = Enum.GetValues<TEnum>().ToDictionary(value => value, value => SnakeCase.Name(value.ToString()));
    private static readonly Dictionary<string, TEnum> Values = Names.ToDictionary(pair => pair.Value, pair => pair.Key);
}
