using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Platform
{
    /// <inheritdoc />
    public partial class People : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "settings",
                schema: "platform",
                table: "organizations",
                type: "jsonb",
                nullable: false,
                defaultValueSql: "'{}'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "settings",
                schema: "platform",
                table: "organizations");
        }
    }
}
