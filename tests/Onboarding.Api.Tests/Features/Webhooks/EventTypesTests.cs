using System.Text;
using System.Text.Json;
using Json.Schema;
using Onboarding.Tenancy.Members;
using Onboarding.Tenancy.Outbox;
using Onboarding.Testing;
using Onboarding.Webhooks.Events;

namespace Onboarding.Api.Tests.Features.Webhooks;

/// <summary>What customers are told of, and in which form (HOOK-23).</summary>
public sealed class EventTypesTests(ApiFixture fixture)
{
    [Fact] // HOOK-23
    public void Every_event_of_the_product_is_in_the_catalogue_once()
    {
        var events = typeof(DomainEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(DomainEvent)) && !type.IsAbstract).ToList();
        Assert.NotEmpty(events);
        var names = EventCatalogue.All.Select(type => type.Name).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        var declared = events.Select(type => (string)type.GetField("Name", System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public)!.GetRawConstantValue()!);
        Assert.Equal(declared.Order(StringComparer.Ordinal), names);
    }

    [Fact] // HOOK-23
    public void Every_example_keeps_to_its_schema_which_names_what_is_in_it()
    {
        foreach (var type in EventCatalogue.All)
        {
            using var example = JsonDocument.Parse(type.Example.ToJsonString());
            Assert.True(JsonSchema.FromText(type.Schema.ToJsonString()).Evaluate(example.RootElement).IsValid, type.Name);
            var data = example.RootElement.GetProperty("data");
            var known = type.Schema["properties"]!["data"]!["properties"]?.AsObject().Select(p => p.Key) ?? [];
            Assert.Equal(known.Order(StringComparer.Ordinal), data.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
            Assert.DoesNotContain(data.EnumerateObject(), p => p.Name is "type" or "subject_id" or "audit_note" or "occurred_at");
            Assert.NotEmpty(type.Description);
        }
    }

    [Fact] // SEC-35
    public void Hearing_of_something_takes_the_permission_that_reading_it_takes()
    {
        var reading = new Dictionary<string, string>
        {
            ["api_key"] = "/api-keys",
            ["approval_rule"] = "/approval-rules",
            ["delivery"] = "/webhooks/deliveries/{id:guid}",
            ["endpoint"] = "/webhooks/endpoints/{id:guid}",
            ["invitation"] = "/invitations",
            ["invoice"] = "/billing/invoices/{id:guid}",
            ["member"] = "/members/{id:guid}",
            ["members"] = "/members",
            ["organization"] = "/organization",
            ["role"] = "/roles",
            ["session"] = "/members/{id:guid}/sessions",
            ["subscription"] = "/billing/subscription",
        };
        Assert.Equal(reading.Keys.Order(StringComparer.Ordinal), EventCatalogue.All.Select(type => type.Name.Split('.')[0]).Distinct().Order(StringComparer.Ordinal));
        var routes = ApiRoute.AllOf(fixture.App).Where(route => route.Method == "GET").ToLookup(route => route.Pattern);
        foreach (var type in EventCatalogue.All)
        {
            Assert.True(Permissions.All.Contains(type.Permission), type.Name);
            Assert.Equal((type.Name, type.Permission), (type.Name, Assert.Single(Assert.Single(routes[reading[type.Name.Split('.')[0]]]).Policies)));
        }
    }

    [Theory] // SEC-35
    [InlineData("member.approved", "members:read")]
    [InlineData("member.*", "members:read")]
    [InlineData("*", "api_keys:manage billing:manage members:invite members:manage members:read organization:manage roles:manage webhooks:read")]
    [InlineData("member.of_another_version", "api_keys:manage audit:read billing:manage members:approve members:invite members:manage members:read organization:manage roles:manage webhooks:manage webhooks:read")]
    public void A_pattern_takes_the_permissions_of_all_that_it_means_and_every_one_when_nobody_knows(string pattern, string permissions) =>
        Assert.Equal(permissions.Split(' '), EventCatalogue.PermissionsFor([pattern]).Order(StringComparer.Ordinal));

    [Fact] // HOOK-23, SEC-35
    public void Schemas_and_permissions_change_only_on_purpose()
    {
        // What customers have built on. Whoever means to change it replaces the file by the one that this test leaves beside it.
        var now = string.Join('\n', EventCatalogue.All.Select(type => $"{type.Name} {type.Permission} {type.Schema["properties"]!["data"]!.ToJsonString()}")) + "\n";
        var file = Path.Combine(AppContext.BaseDirectory, "Features", "Webhooks", "event-types.txt");
        File.WriteAllText(Path.ChangeExtension(file, ".now.txt"), now);
        Assert.Equal(File.ReadAllText(file, Encoding.UTF8).ReplaceLineEndings("\n"), now);
    }

    [Fact] // HOOK-23
    public async Task What_does_not_keep_to_its_schema_is_not_published_and_holds_up_nothing_else()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        await admin.AddEndpointAsync(receiver.Url, ["role.*", "invitation.*"]);
        var (missing, huge) = (new RoleDeleted(null!, TimeProvider.System.GetUtcNow()), new RoleDeleted(new string('x', EventType.MaxBody), TimeProvider.System.GetUtcNow()));
        var type = EventCatalogue.Find("role.deleted")!;
        Assert.Throws<InvalidEventException>(() => type.Body(missing));
        Assert.Throws<InvalidEventException>(() => type.Body(huge));

        await organization.RunAsync(async db =>
        {
            db.Publish(missing);
            db.Publish(huge);
            return await db.SaveChangesAsync();
        });
        var id = (await organization.HappenAsync())[0];
        await organization.DeliveriesAsync("delivered", 1);
        await organization.SettledAsync();
        Assert.Equal([id.HeaderId()], receiver.Requests.Select(r => r.Id));
        Assert.Equal(1, await organization.CountAsync("webhook_messages"));
    }
}
