using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Tenant
{
    /// <inheritdoc />
    public partial class ReadableAudit : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Not of lines that are there already: nobody may change those, one of them must not keep its organization from
            // being migrated, and a long log is not to be read for it.
            migrationBuilder.Sql("""
                ALTER TABLE audit_log
                  ADD CONSTRAINT ck_audit_log_occurred_at CHECK (occurred_at >= '1970-01-01 00:00:00+00' AND occurred_at < '10000-01-01 00:00:00+00') NOT VALID,
                  ADD CONSTRAINT ck_audit_log_actor_kind CHECK (actor_kind IN ('system', 'anonymous', 'member', 'api_key', 'super_admin')) NOT VALID;
                """);

            migrationBuilder.CreateIndex(
                name: "ix_emails_failed",
                table: "emails",
                column: "id",
                filter: "status = 'failed'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_emails_failed",
                table: "emails");

            migrationBuilder.DropCheckConstraint(
                name: "ck_audit_log_actor_kind",
                table: "audit_log");

            migrationBuilder.DropCheckConstraint(
                name: "ck_audit_log_occurred_at",
                table: "audit_log");
        }
    }
}
