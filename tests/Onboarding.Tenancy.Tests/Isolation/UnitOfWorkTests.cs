using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Onboarding.Tenancy.Data;
using Onboarding.Tenancy.Isolation;
using Onboarding.Tenancy.Members;
using Onboarding.Testing;

namespace Onboarding.Tenancy.Tests.Isolation;

/// <summary>The tenant's settings in front of a command change nothing about what the command answers.</summary>
public sealed class UnitOfWorkTests(IsolationFixture fixture)
{
    // Adversarial isolation test 4, permanent: with the settings in front of an update this would succeed silently.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stale_update_or_delete_is_a_concurrency_failure(bool delete)
    {
        var a = await fixture.OrganizationAsync();

        await fixture.InAsync(a, async db =>
        {
            var member = await db.Members.SingleAsync();
            await fixture.OwnerAsync<string>($"UPDATE {a.Schema}.members SET full_name = 'Changed meanwhile'");
            Change(db, member, delete);
            await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync());
            return 0;
        });

        Assert.Equal(["Changed meanwhile"], await fixture.OwnerAsync<string>($"SELECT full_name FROM {a.Schema}.members"));
    }

    // The same through the synchronous path, and for a row that is gone.
    [Fact]
    public async Task An_update_of_a_deleted_row_is_a_concurrency_failure_in_sync_code_too()
    {
        var a = await fixture.OrganizationAsync();

        await fixture.InAsync(a, async db =>
        {
            var member = await db.Members.SingleAsync();
            await fixture.OwnerAsync<string>($"DELETE FROM {a.Schema}.members");
            Change(db, member, delete: false);
            Assert.Throws<DbUpdateConcurrencyException>(() => db.SaveChanges());
            return 0;
        });
    }

    // Savepoints are left out, so what a failed save has done of its work is still in the transaction.
    [Fact]
    public async Task A_transaction_goes_without_savepoints_and_is_not_committed_once_a_save_in_it_has_failed()
    {
        var a = await fixture.OrganizationAsync();

        await fixture.InAsync(a, async db =>
        {
            var member = await db.Members.SingleAsync();
            await Assert.ThrowsAsync<InvalidOperationException>(() => db.InTransactionAsync(
                async () =>
                {
                    var stranger = Member.Register("stranger", "stranger@example.test", "Stranger", TimeProvider.System.GetUtcNow()).Member;
                    db.Members.Add(stranger);
                    await db.SaveChangesAsync();
                    Assert.True(await db.Database.SqlQuery<bool>($"""SELECT xmin::text = pg_current_xact_id()::xid::text AS "Value" FROM members WHERE id = {stranger.Id}""").SingleAsync());

                    await fixture.OwnerAsync<string>($"UPDATE {a.Schema}.members SET full_name = 'Changed meanwhile' WHERE id = '{member.Id}'");
                    db.Update(member);
                    await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => db.SaveChangesAsync());
                    return 0;
                },
                CancellationToken.None));

            // The context is as good as before.
            db.ChangeTracker.Clear();
            return await db.InTransactionAsync(() => db.Database.ExecuteSqlAsync($"UPDATE members SET full_name = full_name"), CancellationToken.None);
        });

        Assert.Equal(["Changed meanwhile"], await fixture.OwnerAsync<string>($"SELECT full_name FROM {a.Schema}.members"));
    }

    // The statements behind the last one that was read, and the COMMIT, count too.
    [Fact]
    public async Task A_batch_that_times_out_at_its_end_has_failed()
    {
        await using var batch = TenantBatch.Of(fixture.Services.GetRequiredService<NpgsqlDataSource>());
        batch.AddSharedQuery(_ => { }, "SELECT 1");
        batch.AddShared("DO $$ BEGIN PERFORM pg_sleep(60); END $$");
        batch.Timeout = TimeSpan.FromSeconds(1);

        Assert.IsType<TimeoutException>((await Assert.ThrowsAsync<NpgsqlException>(() => batch.ExecuteAsync(CancellationToken.None))).InnerException);
    }

    // A connection that has missed the grant of a new organization's role: once is enough, and no data is served meanwhile.
    [Fact]
    public async Task What_a_connection_may_not_become_yet_is_tried_again_on_a_new_one()
    {
        var a = await fixture.OrganizationAsync();
        var login = new NpgsqlConnectionStringBuilder(fixture.Database.ApplicationConnectionString).Username;
        await fixture.OwnerAsync<string>($"REVOKE {a.Schema} FROM {login}");
        var refused = await Assert.ThrowsAsync<RetryLimitExceededException>(() => fixture.InAsync(a, db => db.Members.CountAsync()));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, Assert.IsType<PostgresException>(refused.InnerException).SqlState);

        var granting = new Granting(() => fixture.OwnerAsync<string>($"GRANT {a.Schema} TO {login}"));
        await using var db = new TenantDbContext((DbContextOptions<TenantDbContext>)new DbContextOptionsBuilder<TenantDbContext>()
            .UseTenant(fixture.Services.GetRequiredService<NpgsqlDataSource>())
            .AddInterceptors(new TenantCommandInterceptor(), granting).Options) { Organization = a };
        Assert.Equal(1, await db.Members.CountAsync());
        Assert.Equal(1, granting.Failures);
    }

    // EF counts a connection as open from before BEGIN. Were it left open, the second try would be on the one that has not seen the role.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transaction_that_may_not_become_the_tenants_gives_its_connection_back(bool async)
    {
        var a = await fixture.OrganizationAsync();
        var login = new NpgsqlConnectionStringBuilder(fixture.Database.ApplicationConnectionString).Username;
        await fixture.OwnerAsync<string>($"REVOKE {a.Schema} FROM {login}");
        var opening = new Opening();
        await using var db = new TenantDbContext((DbContextOptions<TenantDbContext>)new DbContextOptionsBuilder<TenantDbContext>()
            .UseTenant(fixture.Services.GetRequiredService<NpgsqlDataSource>())
            .AddInterceptors(new TransactionInterceptor(fixture.Services.GetRequiredService<CommitOutcome>()), opening).Options) { Organization = a };

        if (async)
        {
            await Assert.ThrowsAsync<RetryLimitExceededException>(() => db.InTransactionAsync(() => Task.FromResult(0), CancellationToken.None));
            Assert.Equal(2, opening.Times);
        }
        else
        {
            Assert.Throws<PostgresException>(() => db.Database.BeginTransaction());
            Assert.Equal(1, opening.Times);
        }

        Assert.Equal(ConnectionState.Closed, db.Database.GetDbConnection().State);
    }

    [Fact]
    public async Task Who_loses_a_deadlock_does_it_again()
    {
        var a = await fixture.OrganizationAsync();
        await fixture.InAsync(a, async db =>
        {
            db.Members.Add(Member.Register("second", "second@example.test", "Second", DateTimeOffset.UnixEpoch).Member);
            return await db.SaveChangesAsync();
        });
        await using var connection = await fixture.Database.Owner.OpenConnectionAsync();
        await using var other = await connection.BeginTransactionAsync();
        await UpdateAsync("user_name = 'second'");

        // Whoever waits first finds out first, and gives way.
        var tries = 0;
        var loser = fixture.InAsync(a, db => db.InTransactionAsync(
            async () =>
            {
                tries++;
                await db.Database.ExecuteSqlRawAsync("UPDATE members SET full_name = 'Mine' WHERE user_name <> 'second'");
                return await db.Database.ExecuteSqlRawAsync("UPDATE members SET full_name = 'Mine' WHERE user_name = 'second'");
            },
            CancellationToken.None));
        await Eventually.HoldsAsync(
            async () => (await fixture.OwnerAsync<long>($"SELECT count(*) FROM pg_stat_activity WHERE pg_blocking_pids(pid) @> ARRAY[{connection.ProcessID}]"))[0] == 1, "it waits");
        await UpdateAsync("user_name <> 'second'");
        await other.CommitAsync();

        Assert.Equal((1, 2), (await loser, tries));
        Assert.Equal(["Mine", "Mine"], await fixture.OwnerAsync<string>($"SELECT full_name FROM {a.Schema}.members"));

        async Task UpdateAsync(string which)
        {
            await using var command = new NpgsqlCommand($"UPDATE {a.Schema}.members SET full_name = 'Theirs' WHERE {which}", connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    // A slow statement would be slow twice, and a crowd at the pool would be made to open new connections.
    [Fact]
    public void A_timeout_means_that_the_database_is_away_and_is_not_repeated()
    {
        var (slow, broken) = (new NpgsqlException("Slow.", new TimeoutException()), new NpgsqlException("Broken.", new IOException()));
        foreach (var wrap in new Func<Exception, Exception>[] { e => e, e => new DbUpdateException("Wrapped.", e), e => new InvalidOperationException("Wrapped.", e) })
        {
            Assert.Equal((true, false), (TransientFailures.IsDatabaseAway(wrap(slow)), TransientFailures.IsWorthRepeating(wrap(slow))));
            Assert.Equal((true, true), (TransientFailures.IsDatabaseAway(wrap(broken)), TransientFailures.IsWorthRepeating(wrap(broken))));
        }
    }

    private sealed class Opening : DbConnectionInterceptor
    {
        public int Times { get; private set; }

        public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
        {
            Times++;
            return result;
        }

        public override ValueTask<InterceptionResult> ConnectionOpeningAsync(DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
        {
            Times++;
            return new(result);
        }
    }

    private sealed class Granting(Func<Task> grant) : DbCommandInterceptor
    {
        public int Failures { get; private set; }

        public override async Task CommandFailedAsync(DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
        {
            Failures++;
            await grant();
        }
    }

    [Fact]
    public async Task SaveChanges_without_a_transaction_is_refused()
    {
        var a = await fixture.OrganizationAsync();

        await fixture.InAsync(a, async db =>
        {
            db.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
            Change(db, await db.Members.SingleAsync(), delete: false);
            var refused = await Record.ExceptionAsync(() => db.SaveChangesAsync());
            Assert.Contains(nameof(AutoTransactionBehavior), (refused is DbUpdateException ? refused.InnerException : refused)!.Message, StringComparison.Ordinal);
            return 0;
        });
        Assert.Equal(["Same name"], await fixture.OwnerAsync<string>($"SELECT full_name FROM {a.Schema}.members"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Set_based_commands_count_their_own_rows(bool inTransaction)
    {
        var a = await fixture.OrganizationAsync();

        await fixture.InAsync(a, db => inTransaction ? db.InTransactionAsync(() => CountAsync(db), CancellationToken.None) : CountAsync(db));

        static async Task<int> CountAsync(TenantDbContext db)
        {
            for (var i = 0; i < 2; i++)
            {
                db.Members.Add(Member.Register($"m{i}", $"m{i}@example.test", "M", DateTimeOffset.UnixEpoch).Member);
            }

            Assert.Equal(2, await db.SaveChangesAsync());
            Assert.Equal(3, await db.Members.ExecuteUpdateAsync(set => set.SetProperty(m => m.FullName, "All")));
            Assert.Equal(1, db.Members.Where(m => m.UserName == "m1").ExecuteUpdate(set => set.SetProperty(m => m.FullName, "One")));
            Assert.Equal(0, await db.Members.Where(m => m.UserName == "none").ExecuteDeleteAsync());
            Assert.Equal(1, db.Members.Where(m => m.UserName == "m0").ExecuteDelete());
            Assert.Equal(2, await db.Database.ExecuteSqlAsync($"UPDATE members SET full_name = {"Raw"}"));
            Assert.Equal(["Raw", "Raw"], await db.Members.Select(m => m.FullName).ToListAsync());
            return 0;
        }
    }

    [Fact]
    public async Task Scalars_are_the_commands_own_and_not_the_settings()
    {
        var a = await fixture.OrganizationAsync();

        await fixture.InAsync(a, async db =>
        {
            Assert.Equal(42, await db.Database.SqlQuery<int>($"SELECT {42} AS \"Value\"").SingleAsync());
            Assert.Equal(42, db.Database.SqlQuery<int>($"SELECT {42} AS \"Value\"").Single());
            Assert.Equal(a.Schema, await db.Database.SqlQuery<string>($"SELECT current_user::text AS \"Value\"").SingleAsync());
            Assert.Equal([a.Schema], await db.Database.SqlQuery<string>($"SELECT unnest(current_schemas(false))::text AS \"Value\"").ToListAsync());
            Assert.True(await db.Members.AnyAsync());
            Assert.Equal(1, db.Members.Count());
            Assert.Null(await db.Members.MaxAsync(m => m.DecidedAt));
            Assert.Equal(a.Identifier, (await db.Members.FromSql($"SELECT *, xmin FROM members WHERE user_name = {a.Identifier}").SingleAsync()).UserName);
            return 0;
        });
    }

    // A failed statement must give its connection back, in sync and async code: with a pool of one the next would wait for ever.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_statement_blocks_no_connection(bool sync)
    {
        var a = await fixture.OrganizationAsync();
        await using var services = fixture.Build($"{fixture.Database.ApplicationConnectionString};Maximum Pool Size=1;Timeout=5");
        for (var i = 0; i < 3; i++)
        {
            await services.GetRequiredService<TenantScope>().RunAsync(a, async scope =>
            {
                var db = scope.GetRequiredService<TenantDbContext>();
                var query = db.Database.SqlQuery<int>($"SELECT x AS \"Value\" FROM there_is_no_such_table");
                var failure = sync ? Record.Exception(() => query.ToList()) : await Record.ExceptionAsync(() => query.ToListAsync());
                Assert.Equal("42P01", Assert.IsType<PostgresException>(failure).SqlState);
                Assert.Equal(1, sync ? db.Members.Count() : await db.Members.CountAsync());
            });
        }
    }

    // SEC-4: what a transaction was told ends with it, committed or not.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Settings_end_with_their_transaction(bool commit)
    {
        var a = await fixture.OrganizationAsync();
        await using var services = fixture.Build($"{fixture.Database.ApplicationConnectionString};Maximum Pool Size=1");
        var failure = await Record.ExceptionAsync(() => services.GetRequiredService<TenantScope>().RunAsync(a, scope =>
        {
            var db = scope.GetRequiredService<TenantDbContext>();
            return db.InTransactionAsync(
                async () =>
                {
                    await db.Members.CountAsync();
                    return commit ? 0 : throw new TimeoutException();
                },
                CancellationToken.None);
        }));
        Assert.Equal(commit, failure is null);

        // No Reset On Close: whatever stood on the session would still stand there.
        await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT concat_ws(' ', current_user, current_setting('role'), current_setting('search_path'))");
        Assert.Equal("onboarding_app none nobody", await command.ExecuteScalarAsync());
    }

    private static void Change(TenantDbContext db, Member member, bool delete)
    {
        if (delete)
        {
            db.Members.Remove(member);
        }
        else
        {
            member.RegisterAgain("stale", "Stale", DateTimeOffset.UnixEpoch);
        }
    }
}
