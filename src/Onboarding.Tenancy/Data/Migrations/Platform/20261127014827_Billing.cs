using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Platform
{
    /// <inheritdoc />
    public partial class Billing : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "overrides",
                schema: "platform",
                table: "organizations",
                type: "jsonb",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.CreateIndex(
                name: "ux_work_billing",
                schema: "platform",
                table: "work",
                column: "ref_id",
                unique: true,
                filter: "kind = 'billing'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ux_work_billing",
                schema: "platform",
                table: "work");

            migrationBuilder.DropColumn(
                name: "overrides",
                schema: "platform",
                table: "organizations");
        }
    }
}
