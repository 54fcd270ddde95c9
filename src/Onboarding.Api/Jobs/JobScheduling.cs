using Onboarding.Tenancy.Work;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Two schedulers in one process: what every node does, and what happens once per cluster.</summary>
internal static class JobScheduling
{
    /// <summary>In memory, on every node: drains the work queue.</summary>
    public const string Node = "node";

    /// <summary>In PostgreSQL, shared by all nodes. The name is the key of every row, so renaming it orphans them.</summary>
    public const string Cluster = "cluster";

    public static IServiceCollection AddJobs(this IServiceCollection services)
    {
        services.AddQuartz(Node, scheduler =>
        {
            scheduler.ConfigureScheduler(options => options.ShutdownJobInterruption = ShutdownJobInterruption.WhenWaitingForJobs);
            scheduler.UseTimeProvider(TimeProvider.System); // a test's clock must not stop the threads
            scheduler.UseInMemoryStore(store => store.MisfireThreshold = TimeSpan.FromSeconds(1));
            scheduler.UseDefaultThreadPool(maxConcurrency: 2);
            scheduler.ScheduleJob<DrainQueue>(
                trigger => trigger.WithIdentity("poll").WithSimpleSchedule(TimeSpan.FromSeconds(1)),
                job => job.WithIdentity(DrainQueue.Key).StoreDurably());
        });

        services.AddQuartz(Cluster, scheduler =>
        {
            scheduler.ConfigureScheduler(options =>
            {
                options.GenerateInstanceId = true;
                options.DefaultTimeZone = TimeZoneInfo.Utc;
                options.ShutdownJobInterruption = ShutdownJobInterruption.WhenWaitingForJobs;
            });
            scheduler.UseTimeProvider(TimeProvider.System);
            scheduler.UseDefaultThreadPool(maxConcurrency: 2);
            scheduler.UsePersistentStore(store =>
            {
                store.UsePostgres(database => database.UseRegisteredDataSource = true);
                store.UseSystemTextJsonSerializer();
                store.UseClustering(cluster =>
                {
                    cluster.CheckinInterval = TimeSpan.FromSeconds(5);
                    cluster.CheckinMisfireThreshold = TimeSpan.FromSeconds(10);
                });
                store.ConfigureStore(options =>
                {
                    options.TablePrefix = "quartz.qrtz_";
                    options.StoreJobDataAsStrings = true;
                });
            });

            scheduler.Once<RotateSigningKeys>(trigger => trigger.WithCronSchedule("0 10 3 * * ?"));
            scheduler.Once<ExpireRegistrations>(trigger => trigger.WithCronSchedule("0 20 3 * * ?"));
            scheduler.Once<PurgeExpired>(trigger => trigger.WithCronSchedule("0 30 3 * * ?"));
            scheduler.Once<RemindOfWaiting>(trigger => trigger.WithCronSchedule("0 0 7 * * ?"));
        });

        // What is stored stays: replacing a trigger forgets a run that fell due while no node was up. A changed or
        // removed job is therefore a migration that deletes its rows; the first node to start stores the new one.
        services.Configure<QuartzOptions>(Cluster, options => options.Scheduling.IgnoreDuplicates = true);
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(9));
        services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);

        services.AddKeyedScoped<IWorkHandler, HandleEvent>(WorkKinds.Event);
        services.AddKeyedScoped<IWorkHandler, SendEmail>(WorkKinds.Email);
        services.AddSingleton<EveryOrganization>();
        services.AddSingleton<QueueBell>();
        services.AddHostedService(provider => provider.GetRequiredService<QueueBell>());
        services.AddHostedService<ClusterListener>();
        services.AddHostedService<WriteApiKeyUsage>();
        return services;
    }

    /// <summary>Stores the job under its type's name unless a node has already done so.</summary>
    private static void Once<TJob>(this IQuartzBuilder scheduler, Action<ITriggerConfigurator<TJob>> schedule)
        where TJob : IJob =>
        scheduler.ScheduleJob<TJob>(
            trigger => schedule(trigger.WithIdentity(typeof(TJob).Name)),
            job => job.WithIdentity(typeof(TJob).Name));
}
