using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Onboarding.Api.Http;

/// <summary>One page of a list.</summary>
/// <param name="Data">The rows, in a stable order.</param>
/// <param name="NextCursor">Pass it as <c>cursor</c> for the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Data, string? NextCursor);

/// <summary>Which page of a list; bound with <c>[AsParameters]</c>.</summary>
/// <param name="Limit">How many rows at most, 1 to 100.</param>
/// <param name="Cursor">The <c>next_cursor</c> of the page before; leave it out for the first page.</param>
public sealed record PageQuery(
    [property: FromQuery(Name = "limit"), Range(1, PageQuery.MaxLimit), DefaultValue(25)] int Limit = 25,
    [property: FromQuery(Name = "cursor"), MaxLength(1024)] string? Cursor = null)
{
    internal const int MaxLimit = 100;

    /// <summary>Fetch one row more than asked for: it tells whether there is a next page.</summary>
    internal int Take => Limit + 1;
}

internal static class Paging
{
    /// <param name="rows">Up to <see cref="PageQuery.Take"/> rows.</param>
    /// <param name="query">What was asked for.</param>
    /// <param name="cursor">The place of a row in the order of the list, see <see cref="Cursor"/>.</param>
    public static Page<T> ToPage<T>(this IReadOnlyList<T> rows, PageQuery query, Func<T, string> cursor) =>
        rows.Count <= query.Limit
            ? new(rows, null)
            : new([.. rows.Take(query.Limit)], cursor(rows[query.Limit - 1]));

    /// <summary>400: the cursor was not issued by this list.</summary>
    public static ProblemHttpResult CursorInvalid() =>
        Problems.BadRequest("cursor.invalid", "The cursor does not belong to this list. Start again without one.");
}
