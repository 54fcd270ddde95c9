using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

#pragma warning disable CA1814 // Prefer jagged arrays over multidimensional

namespace Onboarding.Tenancy.Data.Migrations.Tenant
{
    /// <inheritdoc />
    public partial class People : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.RenameTable(
                name: "set_password_links",
                newName: "password_links");

            migrationBuilder.Sql("""
                ALTER TABLE password_links RENAME CONSTRAINT pk_set_password_links TO pk_password_links;
                ALTER TABLE password_links RENAME CONSTRAINT fk_set_password_links_member_id TO fk_password_links_member_id;
                """);

            migrationBuilder.AddColumn<string>(
                name: "purpose",
                table: "password_links",
                type: "character varying(32)",
                maxLength: 32,
                nullable: false,
                defaultValue: "set_password");

            migrationBuilder.DropIndex(
                name: "ux_set_password_links_open",
                table: "password_links");

            migrationBuilder.DropIndex(
                name: "ux_set_password_links_token",
                table: "password_links");

            migrationBuilder.DropIndex(
                name: "ux_one_time_codes_open",
                table: "one_time_codes");

            migrationBuilder.DropIndex(
                name: "ux_members_open_email",
                table: "members");

            migrationBuilder.DropIndex(
                name: "ix_emails_member_id",
                table: "emails");

            migrationBuilder.DropIndex(
                name: "ux_emails_event",
                table: "emails");

            migrationBuilder.AddColumn<string[]>(
                name: "methods",
                table: "sessions",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{pwd}'");

            migrationBuilder.AddColumn<string>(
                name: "purpose",
                table: "one_time_codes",
                type: "character varying(32)",
                maxLength: 32,
                nullable: false,
                defaultValue: "verify_email");

            migrationBuilder.AddColumn<string>(
                name: "pending_email",
                table: "members",
                type: "character varying(254)",
                maxLength: 254,
                nullable: true);

            migrationBuilder.AlterColumn<Guid>(
                name: "member_id",
                table: "emails",
                type: "uuid",
                nullable: true,
                oldClrType: typeof(Guid),
                oldType: "uuid");

            migrationBuilder.AddColumn<Guid>(
                name: "invitation_id",
                table: "emails",
                type: "uuid",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "passkeys",
                columns: table => new
                {
                    credential_id = table.Column<byte[]>(type: "bytea", maxLength: 1024, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    data = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_passkeys", x => x.credential_id);
                    table.ForeignKey(
                        name: "fk_passkeys_user_id",
                        column: x => x.user_id,
                        principalTable: "members",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "recovery_codes",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    member_id = table.Column<Guid>(type: "uuid", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_recovery_codes", x => x.id);
                    table.ForeignKey(
                        name: "fk_recovery_codes_member_id",
                        column: x => x.member_id,
                        principalTable: "members",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "remembered_devices",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    member_id = table.Column<Guid>(type: "uuid", nullable: false),
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    last_used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    ip_address = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    user_agent = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_remembered_devices", x => x.id);
                    table.ForeignKey(
                        name: "fk_remembered_devices_member_id",
                        column: x => x.member_id,
                        principalTable: "members",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "roles",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    description = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    permissions = table.Column<string[]>(type: "text[]", nullable: false),
                    is_built_in = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_roles", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "settings",
                columns: table => new
                {
                    id = table.Column<short>(type: "smallint", nullable: false),
                    revision = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    logo_url = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    accent_color = table.Column<string>(type: "character varying(7)", maxLength: 7, nullable: true),
                    mfa_required_from = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    session_idle_minutes = table.Column<int>(type: "integer", nullable: true),
                    session_absolute_minutes = table.Column<int>(type: "integer", nullable: true),
                    min_password_length = table.Column<int>(type: "integer", nullable: true),
                    sign_in_methods = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_settings", x => x.id);
                    table.CheckConstraint("ck_settings_one_row", "id = 1");
                });

            migrationBuilder.CreateTable(
                name: "sign_in_challenges",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    member_id = table.Column<Guid>(type: "uuid", nullable: true),
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    state = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_sign_in_challenges", x => x.id);
                    table.ForeignKey(
                        name: "fk_sign_in_challenges_member_id",
                        column: x => x.member_id,
                        principalTable: "members",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "totp",
                columns: table => new
                {
                    member_id = table.Column<Guid>(type: "uuid", nullable: false),
                    protected_seed = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    confirmed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_step = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_totp", x => x.member_id);
                    table.ForeignKey(
                        name: "fk_totp_member_id",
                        column: x => x.member_id,
                        principalTable: "members",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "approval_rules",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    domain = table.Column<string>(type: "character varying(253)", maxLength: 253, nullable: false),
                    action = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    role = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_approval_rules", x => x.id);
                    table.ForeignKey(
                        name: "fk_approval_rules_role",
                        column: x => x.role,
                        principalTable: "roles",
                        principalColumn: "name",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "invitations",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    email = table.Column<string>(type: "character varying(254)", maxLength: 254, nullable: false),
                    normalized_email = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false),
                    role = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    invited_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    sent_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    token_hash = table.Column<byte[]>(type: "bytea", nullable: true),
                    accepted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    member_id = table.Column<Guid>(type: "uuid", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_invitations", x => x.id);
                    table.ForeignKey(
                        name: "fk_invitations_member_id",
                        column: x => x.member_id,
                        principalTable: "members",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.InsertData(
                table: "roles",
                columns: new[] { "name", "created_at", "description", "is_built_in", "permissions" },
                values: new object[,]
                {
                    { "admin", new DateTimeOffset(new DateTime(1970, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), "Holds every permission of the organization.", true, new string[0] },
                    { "user", new DateTimeOffset(new DateTime(1970, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), "A member without special rights.", true, new string[0] }
                });

            migrationBuilder.InsertData(
                table: "settings",
                columns: new[] { "id", "accent_color", "logo_url", "mfa_required_from", "min_password_length", "name", "revision", "session_absolute_minutes", "session_idle_minutes", "sign_in_methods" },
                values: new object[] { (short)1, null, null, null, null, null, 0L, null, null, "password passkey" });

            migrationBuilder.CreateIndex(
                name: "ux_one_time_codes_open",
                table: "one_time_codes",
                columns: new[] { "member_id", "purpose" },
                unique: true,
                filter: "closed_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_members_role",
                table: "members",
                column: "role");

            migrationBuilder.CreateIndex(
                name: "ux_members_open_email",
                table: "members",
                column: "normalized_email",
                unique: true,
                filter: "status NOT IN ('rejected', 'expired', 'removed')");

            migrationBuilder.CreateIndex(
                name: "ix_emails_invitation",
                table: "emails",
                columns: new[] { "invitation_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_emails_member",
                table: "emails",
                columns: new[] { "member_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ux_emails_event",
                table: "emails",
                columns: new[] { "event_id", "template", "member_id" },
                unique: true)
                .Annotation("Npgsql:NullsDistinct", false);

            migrationBuilder.CreateIndex(
                name: "ix_approval_rules_role",
                table: "approval_rules",
                column: "role");

            migrationBuilder.CreateIndex(
                name: "ux_approval_rules_domain",
                table: "approval_rules",
                column: "domain",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_invitations_member",
                table: "invitations",
                column: "member_id");

            migrationBuilder.CreateIndex(
                name: "ux_invitations_open",
                table: "invitations",
                column: "normalized_email",
                unique: true,
                filter: "accepted_at IS NULL AND revoked_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ux_invitations_token",
                table: "invitations",
                column: "token_hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_passkeys_user_id",
                table: "passkeys",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ux_password_links_open",
                table: "password_links",
                columns: new[] { "member_id", "purpose" },
                unique: true,
                filter: "used_at IS NULL AND superseded_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ux_password_links_token",
                table: "password_links",
                column: "token_hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_recovery_codes_hash",
                table: "recovery_codes",
                columns: new[] { "member_id", "hash" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_remembered_devices_member",
                table: "remembered_devices",
                column: "member_id");

            migrationBuilder.CreateIndex(
                name: "ux_remembered_devices_token",
                table: "remembered_devices",
                column: "token_hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_sign_in_challenges_expires_at",
                table: "sign_in_challenges",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_sign_in_challenges_member",
                table: "sign_in_challenges",
                column: "member_id");

            migrationBuilder.CreateIndex(
                name: "ux_sign_in_challenges_token",
                table: "sign_in_challenges",
                column: "token_hash",
                unique: true);

            migrationBuilder.AddForeignKey(
                name: "fk_emails_invitation_id",
                table: "emails",
                column: "invitation_id",
                principalTable: "invitations",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);

            migrationBuilder.AddForeignKey(
                name: "fk_members_role",
                table: "members",
                column: "role",
                principalTable: "roles",
                principalColumn: "name",
                onDelete: ReferentialAction.Restrict);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_emails_invitation_id",
                table: "emails");

            migrationBuilder.DropForeignKey(
                name: "fk_members_role",
                table: "members");

            migrationBuilder.DropTable(
                name: "approval_rules");

            migrationBuilder.DropTable(
                name: "invitations");

            migrationBuilder.DropTable(
                name: "passkeys");

            migrationBuilder.DropIndex(
                name: "ux_password_links_open",
                table: "password_links");

            migrationBuilder.DropIndex(
                name: "ux_password_links_token",
                table: "password_links");

            migrationBuilder.DropColumn(
                name: "purpose",
                table: "password_links");

            migrationBuilder.RenameTable(
                name: "password_links",
                newName: "set_password_links");

            migrationBuilder.Sql("""
                ALTER TABLE set_password_links RENAME CONSTRAINT pk_password_links TO pk_set_password_links;
                ALTER TABLE set_password_links RENAME CONSTRAINT fk_password_links_member_id TO fk_set_password_links_member_id;
                """);

            migrationBuilder.DropTable(
                name: "recovery_codes");

            migrationBuilder.DropTable(
                name: "remembered_devices");

            migrationBuilder.DropTable(
                name: "settings");

            migrationBuilder.DropTable(
                name: "sign_in_challenges");

            migrationBuilder.DropTable(
                name: "totp");

            migrationBuilder.DropTable(
                name: "roles");

            migrationBuilder.DropIndex(
                name: "ux_one_time_codes_open",
                table: "one_time_codes");

            migrationBuilder.DropIndex(
                name: "ix_members_role",
                table: "members");

            migrationBuilder.DropIndex(
                name: "ux_members_open_email",
                table: "members");

            migrationBuilder.DropIndex(
                name: "ix_emails_invitation",
                table: "emails");

            migrationBuilder.DropIndex(
                name: "ix_emails_member",
                table: "emails");

            migrationBuilder.DropIndex(
                name: "ux_emails_event",
                table: "emails");

            migrationBuilder.DropColumn(
                name: "methods",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "purpose",
                table: "one_time_codes");

            migrationBuilder.DropColumn(
                name: "pending_email",
                table: "members");

            migrationBuilder.DropColumn(
                name: "invitation_id",
                table: "emails");

            migrationBuilder.AlterColumn<Guid>(
                name: "member_id",
                table: "emails",
                type: "uuid",
                nullable: false,
                defaultValue: new Guid("00000000-0000-0000-0000-000000000000"),
                oldClrType: typeof(Guid),
                oldType: "uuid",
                oldNullable: true);

            migrationBuilder.CreateIndex(
                name: "ux_one_time_codes_open",
                table: "one_time_codes",
                column: "member_id",
                unique: true,
                filter: "closed_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ux_members_open_email",
                table: "members",
                column: "normalized_email",
                unique: true,
                filter: "status NOT IN ('rejected', 'expired')");

            migrationBuilder.CreateIndex(
                name: "ix_emails_member_id",
                table: "emails",
                column: "member_id");

            migrationBuilder.CreateIndex(
                name: "ux_emails_event",
                table: "emails",
                column: "event_id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_set_password_links_open",
                table: "set_password_links",
                column: "member_id",
                unique: true,
                filter: "used_at IS NULL AND superseded_at IS NULL");

            migrationBuilder.CreateIndex(
                name: "ux_set_password_links_token",
                table: "set_password_links",
                column: "token_hash",
                unique: true);
        }
    }
}
