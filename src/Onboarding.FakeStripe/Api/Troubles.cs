namespace Onboarding.FakeStripe.Api;

/// <summary>Failures that were ordered, and what is to be done around each request.</summary>
internal sealed class Troubles
{
    private readonly Lock gate = new();
    private readonly List<Trouble> ordered = [];

    public Func<FakeRequest, Task>? Before { get; set; }

    public Func<FakeRequest, Task>? After { get; set; }

    public void Order(int count, int status, Func<FakeRequest, bool>? only)
    {
        lock (gate)
        {
            ordered.Add(new(status, only) { Left = count });
        }
    }

    /// <summary>The status with which this request fails, if it does.</summary>
    public int? Take(FakeRequest request)
    {
        lock (gate)
        {
            var trouble = ordered.Find(one => one.Left > 0 && one.Only?.Invoke(request) != false);
            if (trouble is null)
            {
                return null;
            }

            trouble.Left--;
            ordered.RemoveAll(one => one.Left <= 0);
            return trouble.Status;
        }
    }

    private sealed class Trouble(int status, Func<FakeRequest, bool>? only)
    {
        public int Status => status;

        public Func<FakeRequest, bool>? Only => only;

        public int Left { get; set; }
    }
}
