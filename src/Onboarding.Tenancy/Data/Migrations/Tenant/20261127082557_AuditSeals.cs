using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Onboarding.Tenancy.Audit;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Tenant
{
    /// <inheritdoc />
    public partial class AuditSeals : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "audit_seals",
                columns: table => new
                {
                    lane = table.Column<short>(type: "smallint", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false),
                    entry_id = table.Column<Guid>(type: "uuid", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_seals", x => new { x.lane, x.sequence });
                });

            migrationBuilder.CreateIndex(
                name: "ux_audit_seals_entry",
                table: "audit_seals",
                column: "entry_id",
                unique: true);

            // From the trigger on nobody writes past it; then what is there already follows.
            migrationBuilder.Sql(AuditSealing.Tenant.Create);
            migrationBuilder.Sql(AuditSealing.Tenant.SealExisting);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql($"DROP TRIGGER {AuditSealing.Name} ON audit_log; DROP FUNCTION {AuditSealing.Name}();");

            migrationBuilder.DropTable(
                name: "audit_seals");
        }
    }
}
