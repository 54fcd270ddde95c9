using Onboarding.Tenancy.Work;

namespace Onboarding.Tenancy.Tests.Work;

/// <summary>Who has to hear that something is due.</summary>
public sealed class WorkSignalTests
{
    [Fact]
    public async Task What_another_node_says_is_not_told_on()
    {
        var signal = new WorkSignal();

        signal.Hear();

        Assert.False(await signal.WaitAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_put_there_by_this_node_is_told_once_whoever_said_something_first()
    {
        var signal = new WorkSignal();

        signal.Hear();
        signal.Wake();
        Assert.True(await signal.WaitAsync(TestContext.Current.CancellationToken));

        signal.Hear();
        Assert.False(await signal.WaitAsync(TestContext.Current.CancellationToken));
    }
}
