using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Onboarding.Api.Features.Approvals;

internal static class UnknownRole
{
    /// <summary>Whether a save failed because it gives a role that was deleted at the same moment.</summary>
    public static bool IsUnknownRole(this DbUpdateException exception) => exception.InnerException is PostgresException
    {
        SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: "fk_members_role" or "fk_approval_rules_role"
    };
}
