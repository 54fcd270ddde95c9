using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Onboarding.Tenancy.Audit;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Platform
{
    /// <inheritdoc />
    public partial class Platform : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ux_work_endpoint",
                schema: "platform",
                table: "work");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "disabled_at",
                schema: "platform",
                table: "super_admins",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "failed_codes",
                schema: "platform",
                table: "super_admins",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "last_step",
                schema: "platform",
                table: "super_admins",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "locked_until",
                schema: "platform",
                table: "super_admins",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "protected_seed",
                schema: "platform",
                table: "super_admins",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "purge_at",
                schema: "platform",
                table: "organizations",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "secret_scope",
                schema: "platform",
                table: "organizations",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "status_before",
                schema: "platform",
                table: "organizations",
                type: "character varying(32)",
                maxLength: 32,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "skeleton",
                schema: "platform",
                table: "organizations",
                type: "character varying(40)",
                maxLength: 40,
                nullable: false,
                computedColumnSql: "regexp_replace(replace(replace(translate(identifier, '01i5', 'olls'), 'rn', 'm'), 'vv', 'w'), '-+', '-', 'g')",
                stored: true);

            migrationBuilder.CreateTable(
                name: "audit_log",
                schema: "platform",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    occurred_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    action = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    actor_kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    actor_id = table.Column<Guid>(type: "uuid", nullable: true),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: true),
                    subject_id = table.Column<Guid>(type: "uuid", nullable: true),
                    note = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    ip_address = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    request_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_audit_log", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "audit_seals",
                schema: "platform",
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

            migrationBuilder.CreateTable(
                name: "domains",
                schema: "platform",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: false),
                    domain = table.Column<string>(type: "character varying(253)", maxLength: 253, nullable: false),
                    token = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    verified_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    checked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failing_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_domains", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "emails",
                schema: "platform",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    about_id = table.Column<Guid>(type: "uuid", nullable: false),
                    template = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    content = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    due_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    attempt = table.Column<int>(type: "integer", nullable: false),
                    claim_id = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_emails", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "sign_ups",
                schema: "platform",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    identifier = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    user_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    email = table.Column<string>(type: "character varying(254)", maxLength: 254, nullable: false),
                    normalized_email = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false),
                    full_name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    code_hash = table.Column<byte[]>(type: "bytea", nullable: true),
                    code_expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    organization_id = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sign_ups", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "super_admin_sessions",
                schema: "platform",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    super_admin_id = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    is_multi_factor = table.Column<bool>(type: "boolean", nullable: false),
                    ip_address = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_super_admin_sessions", x => x.id);
                    table.ForeignKey(
                        name: "fk_super_admin_sessions_super_admin_id",
                        column: x => x.super_admin_id,
                        principalSchema: "platform",
                        principalTable: "super_admins",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ux_work_endpoint",
                schema: "platform",
                table: "work",
                columns: new[] { "ref_id", "organization_id" },
                unique: true,
                filter: "kind = 'endpoint'");

            migrationBuilder.CreateIndex(
                name: "ix_organizations_purge_at",
                schema: "platform",
                table: "organizations",
                column: "purge_at",
                filter: "status = 'deleting'");

            migrationBuilder.CreateIndex(
                name: "ix_organizations_skeleton",
                schema: "platform",
                table: "organizations",
                column: "skeleton");

            migrationBuilder.CreateIndex(
                name: "ix_audit_log_action",
                schema: "platform",
                table: "audit_log",
                columns: new[] { "action", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_log_actor",
                schema: "platform",
                table: "audit_log",
                columns: new[] { "actor_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_audit_log_organization",
                schema: "platform",
                table: "audit_log",
                columns: new[] { "organization_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_audit_seals_entry",
                schema: "platform",
                table: "audit_seals",
                column: "entry_id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_domains_organization_domain",
                schema: "platform",
                table: "domains",
                columns: new[] { "organization_id", "domain" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_domains_verified",
                schema: "platform",
                table: "domains",
                column: "domain",
                unique: true,
                filter: "verified_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_emails_about_id",
                schema: "platform",
                table: "emails",
                column: "about_id");

            migrationBuilder.CreateIndex(
                name: "ix_emails_due_at",
                schema: "platform",
                table: "emails",
                column: "due_at");

            migrationBuilder.CreateIndex(
                name: "ix_sign_ups_expires_at",
                schema: "platform",
                table: "sign_ups",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_sign_ups_identifier",
                schema: "platform",
                table: "sign_ups",
                column: "identifier");

            migrationBuilder.CreateIndex(
                name: "ix_sign_ups_organization_id",
                schema: "platform",
                table: "sign_ups",
                column: "organization_id");

            migrationBuilder.CreateIndex(
                name: "ux_sign_ups_open",
                schema: "platform",
                table: "sign_ups",
                columns: new[] { "identifier", "normalized_email" },
                unique: true,
                filter: "organization_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_super_admin_sessions_expires_at",
                schema: "platform",
                table: "super_admin_sessions",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_super_admin_sessions_super_admin_id",
                schema: "platform",
                table: "super_admin_sessions",
                column: "super_admin_id");

            migrationBuilder.Sql(AuditSealing.Platform.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "audit_log",
                schema: "platform");

            migrationBuilder.DropTable(
                name: "audit_seals",
                schema: "platform");

            migrationBuilder.DropTable(
                name: "domains",
                schema: "platform");

            migrationBuilder.DropTable(
                name: "emails",
                schema: "platform");

            migrationBuilder.DropTable(
                name: "sign_ups",
                schema: "platform");

            migrationBuilder.DropTable(
                name: "super_admin_sessions",
                schema: "platform");

            migrationBuilder.DropIndex(
                name: "ux_work_endpoint",
                schema: "platform",
                table: "work");

            migrationBuilder.DropIndex(
                name: "ix_organizations_purge_at",
                schema: "platform",
                table: "organizations");

            migrationBuilder.DropIndex(
                name: "ix_organizations_skeleton",
                schema: "platform",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "skeleton",
                schema: "platform",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "disabled_at",
                schema: "platform",
                table: "super_admins");

            migrationBuilder.DropColumn(
                name: "failed_codes",
                schema: "platform",
                table: "super_admins");

            migrationBuilder.DropColumn(
                name: "last_step",
                schema: "platform",
                table: "super_admins");

            migrationBuilder.DropColumn(
                name: "locked_until",
                schema: "platform",
                table: "super_admins");

            migrationBuilder.DropColumn(
                name: "protected_seed",
                schema: "platform",
                table: "super_admins");

            migrationBuilder.DropColumn(
                name: "purge_at",
                schema: "platform",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "secret_scope",
                schema: "platform",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "status_before",
                schema: "platform",
                table: "organizations");

            migrationBuilder.CreateIndex(
                name: "ux_work_endpoint",
                schema: "platform",
                table: "work",
                column: "ref_id",
                unique: true,
                filter: "kind = 'endpoint'");

            migrationBuilder.Sql($"DROP FUNCTION platform.{AuditSealing.Name}();");
        }
    }
}
