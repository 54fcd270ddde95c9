using System.Globalization;
using System.Text.Json;
using Onboarding.Testing;

namespace Onboarding.Api.Tests;

/// <summary>Reads lists to their end.</summary>
internal static class Paged
{
    /// <summary>All rows of a list, page by page; fails where a page is larger than asked for.</summary>
    public static async Task<IReadOnlyList<JsonElement>> AllAsync(HttpClient client, string path, int limit)
    {
        var rows = new List<JsonElement>();
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        string? cursor = null;
        do
        {
            var next = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
            var page = await (await client.GetAsync($"{path}{separator}limit={limit.ToString(CultureInfo.InvariantCulture)}{next}")).OkAsync();
            var data = page.GetProperty("data").EnumerateArray().ToList();
            Assert.InRange(data.Count, 0, limit);
            rows.AddRange(data);
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        return rows;
    }
}
