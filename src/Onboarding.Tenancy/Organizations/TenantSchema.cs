using System.Reflection;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Onboarding.Tenancy.Data;

namespace Onboarding.Tenancy.Organizations;

/// <summary>
/// The tables of an organization as SQL: one step per migration, made by EF once and then run for any number of
/// organizations in one round trip each. EF's own migrator manages 2-5 organizations a second, a script 17 (PERF-3).
/// </summary>
/// <param name="steps">SQL of each migration, unqualified, in order. The schema version is how many of them a schema has.</param>
public sealed class TenantSchema(IReadOnlyList<string> steps)
{
    /// <summary>The version that this build migrates to.</summary>
    public int Latest => steps.Count;

    /// <summary>The oldest version that this build serves: a rolling upgrade runs N and N-1 side by side.</summary>
    public int OldestServed => Math.Max(Needed, Latest - 1);

    /// <summary>
    /// The version without which this build's code cannot run. Raise it together with code that needs a new table or
    /// column at once: such a release is rolled out after its migration.
    /// </summary>
    private const int Needed = 5;

    /// <summary>SQL that takes a schema from version <paramref name="from"/> to <see cref="Latest"/>.</summary>
    public string ScriptFrom(int from) => Script(from, Latest);

    /// <summary>SQL that takes a schema from one version to another.</summary>
    public string Script(int from, int to) => string.Join('\n', steps.Take(to).Skip(from));

    /// <summary>A schema with further steps; for products that add their own SQL, and for rehearsing an upgrade.</summary>
    public TenantSchema With(params ReadOnlySpan<string> more) => new([.. steps, .. more]);

    /// <summary>The steps that the migrations of <see cref="TenantDbContext"/> make.</summary>
    internal static TenantSchema FromMigrations(TenantDbContext db)
    {
        var migrations = db.GetService<IMigrationsAssembly>();
        var generator = db.GetService<IMigrationsSqlGenerator>();
        var initializer = db.GetService<IModelRuntimeInitializer>();
        return new(migrations.Migrations.Select(entry => Sql(entry.Value)).ToList());

        string Sql(TypeInfo type)
        {
            var migration = migrations.CreateMigration(type, db.Database.ProviderName!);
            var model = initializer.Initialize(migration.TargetModel, designTime: true);
            return string.Join('\n', generator.Generate(migration.UpOperations, model).Select(command => command.CommandText));
        }
    }
}
