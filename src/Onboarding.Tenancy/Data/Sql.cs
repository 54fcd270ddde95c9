using Npgsql;

namespace Onboarding.Tenancy.Data;

/// <summary>Parameters of one type, so that statements with many of them read well.</summary>
public static class Sql
{
    /// <summary>One value.</summary>
    public static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    /// <summary>A column of rows, for <c>unnest</c>.</summary>
    public static NpgsqlParameter Column<TRow, T>(IEnumerable<TRow> rows, Func<TRow, T> value) => Value(rows.Select(value).ToArray());
}
