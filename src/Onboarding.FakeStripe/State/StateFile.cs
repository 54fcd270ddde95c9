using System.Text.Json;

namespace Onboarding.FakeStripe.State;

/// <summary>Keeps the state in a file, where there is one.</summary>
internal sealed class StateFile(string? path)
{
    public FakeState Load()
    {
        if (path is null || !File.Exists(path))
        {
            return new();
        }

        var state = JsonSerializer.Deserialize<FakeState>(File.ReadAllText(path)) ?? new();
        state.Index();
        return state;
    }

    public void Save(FakeState state)
    {
        if (path is null)
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        // Moved into place: whoever is stopped while writing keeps the state before.
        var next = path + ".next";
        File.WriteAllText(next, JsonSerializer.Serialize(state));
        File.Move(next, path, overwrite: true);
    }
}
