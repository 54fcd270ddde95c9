using Onboarding.Tenancy.Tests.Isolation;

[assembly: AssemblyFixture(typeof(IsolationFixture))]
