using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>A unit of work without an organization throws, and PostgreSQL never hears of it (SEC-5).</summary>
public sealed class TenantlessTests(IsolationFixture fixture)
{
    private static readonly Dictionary<string, Func<TenantDbContext, Task>> Attempts = new()
    {
        ["reader, sync"] = db => Sync(() => db.Members.ToList()),
        ["reader, async"] = db => db.Members.ToListAsync(),
        ["compiled"] = db => EF.CompileAsyncQuery((TenantDbContext c) => c.Members.Count())(db),
        ["raw query"] = db => db.Database.SqlQuery<int>($"SELECT 1 AS \"Value\"").ToListAsync(),
        ["non-query, sync"] = db => Sync(() => db.Database.ExecuteSql($"DELETE FROM members")),
        ["non-query, async"] = db => db.Database.ExecuteSqlAsync($"DELETE FROM members"),
        ["update, sync"] = db => Sync(() => db.Members.ExecuteUpdate(set => set.SetProperty(m => m.FullName, "x"))),
        ["delete, async"] = db => db.Members.ExecuteDeleteAsync(),
        ["scalar, sync"] = db => Sync(() => Scalar(db).ExecuteScalar(Parameters(db))),
        ["scalar, async"] = db => Scalar(db).ExecuteScalarAsync(Parameters(db)),
        ["save, sync"] = db => Sync(() => Add(db).SaveChanges()),
        ["save, async"] = db => Add(db).SaveChangesAsync(),
        ["transaction, sync"] = db => Sync(() => db.Database.BeginTransaction()),
        ["transaction, async"] = db => db.Database.BeginTransactionAsync(),
        ["transaction of ours"] = db => db.InTransactionAsync(() => Task.FromResult(1), CancellationToken.None),
        ["work queue"] = db => Sync(() => db.Enqueue("event", Guid.Empty, DateTimeOffset.UnixEpoch)),
    };

    public static TheoryData<string> Kinds => [.. Attempts.Keys];

    // SEC-5
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Without_an_organization_nothing_runs(string kind)
    {
        var name = $"tenantless {Path.GetRandomFileName()}";
        await using var services = fixture.Build($"{fixture.Database.ApplicationConnectionString};Application Name={name}");
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TenantDbContext>();

        var thrown = await Record.ExceptionAsync(() => Attempts[kind](db));

        // The update pipeline wraps what its transaction throws; the reason is what counts.
        Assert.IsType<TenantRequiredException>(thrown is DbUpdateException { InnerException: { } inner } ? inner : thrown);

        // A backend keeps its last statement in the view: that of the driver's own start, or an empty transaction.
        var said = await fixture.OwnerAsync<string>($"SELECT query FROM pg_stat_activity WHERE application_name = '{name}'");
        Assert.All(said, query => Assert.Matches(@"\A(SELECT version\(\);|BEGIN|ROLLBACK|\z)", query));
    }

    // SEC-5: a pooled context must not keep the organization of its last lease.
    [Fact]
    public async Task A_context_that_went_back_to_the_pool_has_forgotten_its_organization()
    {
        var a = await fixture.OrganizationAsync();
        var factory = fixture.Services.GetRequiredService<IDbContextFactory<TenantDbContext>>();
        for (var i = 0; i < 50; i++)
        {
            await fixture.InAsync(a, db => db.Members.CountAsync());
            await using var bare = await factory.CreateDbContextAsync();
            Assert.Null(bare.Organization);
            await Assert.ThrowsAsync<TenantRequiredException>(() => bare.Members.CountAsync());
        }
    }

    private static Task Sync(Action work)
    {
        work();
        return Task.CompletedTask;
    }

    private static TenantDbContext Add(TenantDbContext db)
    {
        db.Members.Add(Member.Register("nobody", "nobody@example.test", "No Body", DateTimeOffset.UnixEpoch).Member);
        return db;
    }

    private static IRelationalCommand Scalar(TenantDbContext db) =>
        db.GetService<IRawSqlCommandBuilder>().Build("SELECT 1");

    private static RelationalCommandParameterObject Parameters(TenantDbContext db) =>
        new(db.GetService<IRelationalConnection>(), null, null, db, db.GetService<IRelationalCommandDiagnosticsLogger>());
}
