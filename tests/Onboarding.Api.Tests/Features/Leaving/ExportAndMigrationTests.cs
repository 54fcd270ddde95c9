using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Archives;
using Onboarding.Tenancy.Audit;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Organizations;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Features.Leaving;

/// <summary>An export and a migration of the same organization: an archive is of one version, whole, and can be imported.</summary>
public sealed class ExportAndMigrationTests(ApiFixture fixture)
{
    [Fact] // SEC-7, FAULT-17
    public async Task What_is_being_exported_is_migrated_afterwards()
    {
        await using var app = await StartAsync();
        var organization = await TestOrganization.CreateAsync(app);
        await using var output = new HeldStream();
        var export = app.Services.GetRequiredService<ExportOrganization>().RunAsync(organization.Organization.Key, Actor.System, reason: null, output, CancellationToken.None);
        await output.Asked.WaitAsync(TimeSpan.FromMinutes(1));

        // Of a table that is read late; rewritten, it would be empty for whoever began to read before.
        var migrate = Migrate(app, "ALTER TABLE webhook_endpoints ADD COLUMN later uuid NOT NULL DEFAULT gen_random_uuid(); ALTER TABLE settings ADD COLUMN later uuid NOT NULL DEFAULT gen_random_uuid();");
        await migrate.RunAsync(parallel: 1, progress: null, CancellationToken.None);
        Assert.StartsWith("55P03", Assert.Single(await ErrorsAsync()), StringComparison.Ordinal);

        output.Release();
        var manifest = (await export)!;
        Assert.Equal(1, manifest.Tables.Single(table => table.Name == "settings").Rows);
        await app.ImportAsync(output.Written());

        await migrate.RunAsync(parallel: 1, progress: null, CancellationToken.None);
        Assert.Empty(await ErrorsAsync());

        Task<IReadOnlyList<string>> ErrorsAsync() => organization.QueryAsync<string>($"SELECT migration_error FROM platform.organizations WHERE id = '{organization.Organization.Id}' AND migration_error IS NOT NULL");
    }

    [Fact] // SEC-7
    public async Task What_is_migrated_while_an_export_begins_is_exported_as_it_is_then()
    {
        await using var app = await StartAsync();
        var organization = await TestOrganization.CreateAsync(app);
        await using var migration = await RowLock.HoldAsync(organization, "ALTER TABLE members ADD COLUMN later text NOT NULL DEFAULT 'yes'");
        var export = organization.ExportAsync();
        await migration.WaitForWaitersAsync(1);
        await migration.ReleaseAsync($"UPDATE platform.organizations SET schema_version = schema_version + 1 WHERE id = '{organization.Organization.Id}'");

        var (archive, manifest) = await export;
        Assert.Equal(await organization.QueryAsync<int>($"SELECT schema_version FROM platform.organizations WHERE id = '{organization.Organization.Id}'"), [manifest.SchemaVersion]);
        Assert.NotEmpty(archive);
        Assert.Equal(1, await organization.CountAsync("audit_log WHERE action = 'organization.exported'"));
    }

    private static MigrateOrganizations Migrate(TestApp app, string step) => new(
        app.Services.GetRequiredService<IDbContextFactory<PlatformDbContext>>(),
        app.Services.GetRequiredService<OwnerDataSource>(),
        app.Services.GetRequiredService<TenantSchema>().With(step),
        app.Services.GetRequiredService<ProvisionOrganization>());

    private async Task<TestApp> StartAsync()
    {
        var app = new TestApp(await fixture.Postgres.CreateDatabaseAsync(), fixture.Smtp);
        app.StartServer();
        return app;
    }

    /// <summary>Takes the first bytes when it is let.</summary>
    private sealed class HeldStream : MemoryStream
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => asked.Task;

        public void Release() => released.TrySetResult();

        public byte[] Written() => ToArray();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            asked.TrySetResult();
            await released.Task.WaitAsync(cancellationToken);
            await base.WriteAsync(buffer, cancellationToken);
        }
    }
}
