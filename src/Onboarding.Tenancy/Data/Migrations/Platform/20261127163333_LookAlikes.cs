using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Platform
{
    /// <inheritdoc />
    public partial class LookAlikes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // The column "skeleton" and its index stay for the nodes of the release before; the next release drops them.
            migrationBuilder.AddColumn<string>(
                name: "look_alike_key",
                schema: "platform",
                table: "organizations",
                type: "character varying(80)",
                maxLength: 80,
                nullable: false,
                computedColumnSql: "regexp_replace(replace(replace(replace(translate(identifier, '01i5', 'olls'), 'm', 'rn'), 'w', 'vv'), 'd', 'cl'), '-+', '-', 'g')",
                stored: true);

            migrationBuilder.CreateIndex(
                name: "ix_organizations_look_alike_key",
                schema: "platform",
                table: "organizations",
                column: "look_alike_key");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_organizations_look_alike_key",
                schema: "platform",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "look_alike_key",
                schema: "platform",
                table: "organizations");
        }
    }
}
