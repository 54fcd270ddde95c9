using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Onboarding.Tenancy;
using Onboarding.Tenancy.Organizations;

// What the next release's `migrate --all` would do: the same run with one more step, in a process that a test can kill.
// Settings come from the environment; the arguments are the step's SQL and how many organizations at a time.
var step = args[0];
var parallel = int.Parse(args[1], CultureInfo.InvariantCulture);
var services = new ServiceCollection();
services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddEnvironmentVariables().Build());
services.AddLogging();
services.AddTenancy();
var schema = services.Single(service => service.ServiceType == typeof(TenantSchema)).ImplementationFactory!;
services.AddSingleton(provider => ((TenantSchema)schema(provider)).With(step));
await using var provider = services.BuildServiceProvider();
var result = await provider.GetRequiredService<MigrateOrganizations>().RunAsync(parallel, progress: null, CancellationToken.None);
Console.WriteLine($"{result.Total} were behind: {result.Done} done, {result.Failed} failed");
return result.Failed == 0 ? 0 : 1;
