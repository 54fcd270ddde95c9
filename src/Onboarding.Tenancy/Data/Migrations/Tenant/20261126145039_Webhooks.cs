using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Onboarding.Tenancy.Data.Migrations.Tenant
{
    /// <inheritdoc />
    public partial class Webhooks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "webhook_endpoints",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    url = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: false),
                    description = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    event_types = table.Column<string[]>(type: "text[]", nullable: false),
                    headers = table.Column<byte[]>(type: "bytea", nullable: true),
                    rate_limit = table.Column<int>(type: "integer", nullable: true),
                    ordered = table.Column<bool>(type: "boolean", nullable: false),
                    secrets = table.Column<byte[]>(type: "bytea", nullable: false),
                    status = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    disabled_reason = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true),
                    disabled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    failures = table.Column<int>(type: "integer", nullable: false),
                    failing_since = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    paused_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_endpoints", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "webhook_messages",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    type = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    occurred_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    body = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_messages", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "webhook_deliveries",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    message_id = table.Column<Guid>(type: "uuid", nullable: false),
                    endpoint_id = table.Column<Guid>(type: "uuid", nullable: false),
                    status = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    attempts = table.Column<int>(type: "integer", nullable: false),
                    tries = table.Column<int>(type: "integer", nullable: false),
                    next_attempt_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    last_status_code = table.Column<int>(type: "integer", nullable: true),
                    last_error = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    finished_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_webhook_deliveries", x => x.id);
                    table.ForeignKey(
                        name: "fk_webhook_deliveries_endpoint_id",
                        column: x => x.endpoint_id,
                        principalTable: "webhook_endpoints",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_webhook_deliveries_message_id",
                        column: x => x.message_id,
                        principalTable: "webhook_messages",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_due",
                table: "webhook_deliveries",
                columns: new[] { "endpoint_id", "next_attempt_at" },
                filter: "status = 'pending'");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_endpoint",
                table: "webhook_deliveries",
                columns: new[] { "endpoint_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_failed",
                table: "webhook_deliveries",
                columns: new[] { "endpoint_id", "created_at" },
                filter: "status = 'failed'");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_deliveries_order",
                table: "webhook_deliveries",
                columns: new[] { "endpoint_id", "message_id" },
                filter: "status = 'pending'");

            migrationBuilder.CreateIndex(
                name: "ux_webhook_deliveries_message",
                table: "webhook_deliveries",
                columns: new[] { "message_id", "endpoint_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_webhook_messages_type",
                table: "webhook_messages",
                columns: new[] { "type", "id" });

            // EF knows no partitions. Later months are made by platform.roll_webhook_attempts.
            migrationBuilder.Sql("""
                CREATE TABLE webhook_attempts (
                  id uuid NOT NULL,
                  delivery_id uuid NOT NULL,
                  endpoint_id uuid NOT NULL,
                  number integer NOT NULL,
                  started_at timestamp with time zone NOT NULL,
                  duration_ms integer NOT NULL,
                  status_code integer,
                  error character varying(200),
                  response bytea NOT NULL
                ) PARTITION BY RANGE (started_at);
                CREATE INDEX ix_webhook_attempts_delivery ON webhook_attempts (delivery_id, started_at);
                CREATE INDEX ix_webhook_attempts_endpoint ON webhook_attempts (endpoint_id, started_at);
                CREATE TABLE webhook_attempts_other PARTITION OF webhook_attempts DEFAULT;
                DO $$ DECLARE month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC'); BEGIN
                  FOR ahead IN 0..1 LOOP
                    EXECUTE format(
                      'CREATE TABLE %I PARTITION OF webhook_attempts FOR VALUES FROM (%L) TO (%L)', 'webhook_attempts_' || to_char(month, 'YYYYMM'),
                      month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
                    month := month + interval '1 month';
                  END LOOP;
                END $$;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("DROP TABLE webhook_attempts;");

            migrationBuilder.DropTable(
                name: "webhook_deliveries");

            migrationBuilder.DropTable(
                name: "webhook_endpoints");

            migrationBuilder.DropTable(
                name: "webhook_messages");
        }
    }
}
