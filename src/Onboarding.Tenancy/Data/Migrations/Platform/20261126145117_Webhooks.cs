using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Platform
{
    /// <inheritdoc />
    public partial class Webhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_work_due_at",
                schema: "platform",
                table: "work");

            migrationBuilder.CreateIndex(
                name: "ix_work_due",
                schema: "platform",
                table: "work",
                columns: new[] { "kind", "due_at" });

            migrationBuilder.CreateIndex(
                name: "ux_work_endpoint",
                schema: "platform",
                table: "work",
                column: "ref_id",
                unique: true,
                filter: "kind = 'endpoint'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_work_due",
                schema: "platform",
                table: "work");

            migrationBuilder.DropIndex(
                name: "ux_work_endpoint",
                schema: "platform",
                table: "work");

            migrationBuilder.CreateIndex(
                name: "ix_work_due_at",
                schema: "platform",
                table: "work",
                column: "due_at");
        }
    }
}
