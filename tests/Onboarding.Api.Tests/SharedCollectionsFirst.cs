using Onboarding.Api.Tests;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(SharedCollectionsFirst))]

namespace Onboarding.Api.Tests;

/// <summary>Begins with the collections of several classes, whose tests run one after the other for minutes: begun late, they would go on alone.</summary>
public sealed class SharedCollectionsFirst : ITestCollectionOrderer
{
    private static readonly string[] Shared = [Faults.KilledNodesCollection.Name, Operations.DeploymentCollection.Name];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Shared.Contains(collection.TestCollectionDisplayName) ? 0 : 1)];
}
