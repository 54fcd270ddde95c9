namespace Onboarding.Tenancy.Archives;

/// <summary>A foreign key.</summary>
/// <param name="Name">Quoted.</param>
/// <param name="Table">That has it.</param>
/// <param name="To">That it points to.</param>
internal sealed record Reference(string Name, string Table, string To);

/// <summary>In which order tables are filled, so that what a row points to is there.</summary>
/// <param name="Tables">In that order.</param>
/// <param name="AtTheEnd">Keys that can only hold when all is filled: a table's to itself, and those of a circle.</param>
internal sealed record LoadOrder(IReadOnlyList<TableShape> Tables, IReadOnlyList<(string Quoted, string Name)> AtTheEnd)
{
    /// <summary>Arranges the tables.</summary>
    public static LoadOrder Of(IReadOnlyList<TableShape> tables, IReadOnlyList<Reference> references)
    {
        var (placed, waiting) = (new List<TableShape>(tables.Count), tables.ToList());
        while (waiting.Count > 0)
        {
            // In a circle one has to be first.
            var next = waiting.Find(table => !references.Any(r => r.Table == table.Name && r.To != table.Name && waiting.Exists(w => w.Name == r.To))) ?? waiting[0];
            placed.Add(next);
            waiting.Remove(next);
        }

        var places = placed.Index().ToDictionary(place => place.Item.Name, place => place.Index);
        return new(placed, [.. references
            .Where(r => places.TryGetValue(r.Table, out var own) && places.TryGetValue(r.To, out var other) && other >= own)
            .Select(r => (placed[places[r.Table]].Quoted, r.Name))]);
    }
}
