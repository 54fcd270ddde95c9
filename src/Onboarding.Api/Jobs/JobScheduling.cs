using Onboarding.Tenancy.Work;
using Quartz;

namespace Onboarding.Api.Jobs;

/// <summary>Two schedulers in one process: what every node does, and what happens once per cluster.</summary>
internal static class JobScheduling
{
    /// <summary>In memory, on every node: drains the work queue, and deletes what has left.</summary>
    public const string Node = "node";

    /// <summary>What drains the work queue, by what is due: a job for each kind of work, so that none waits for another.</summary>
    public static readonly IReadOnlyDictionary<string, Type> Drains = new Dictionary<string, Type>
    {
        [WorkKinds.Event] = typeof(DrainEvents),
        [WorkKinds.Email] = typeof(DrainEmails),
        [WorkKinds.Endpoint] = typeof(DrainDeliveries),
        [WorkKinds.Wake] = typeof(DrainDeliveries),
        [WorkKinds.Billing] = typeof(DrainBilling),
        [WorkKinds.Found] = typeof(DrainFoundings),
        [WorkKinds.PlatformEmail] = typeof(DrainPlatformEmails),
    };

    /// <summary>In PostgreSQL, shared by all nodes. The name is the key of every row, so renaming it orphans them.</summary>
    public const string Cluster = "cluster";

    public static IServiceCollection AddJobs(this IServiceCollection services)
    {
        services.AddQuartz(Node, scheduler =>
        {
            scheduler.ConfigureScheduler(options => options.ShutdownJobInterruption = ShutdownJobInterruption.WhenWaitingForJobs);
            scheduler.UseTimeProvider(TimeProvider.System); // a test's clock must not stop the threads
            scheduler.UseInMemoryStore(store => store.MisfireThreshold = TimeSpan.FromSeconds(1));
            scheduler.UseDefaultThreadPool(maxConcurrency: Drains.Values.Distinct().Count() + 2);
            scheduler.ScheduleJob<LookForWork>(trigger => trigger.WithIdentity(nameof(LookForWork)).WithSimpleSchedule(TimeSpan.FromSeconds(1)));
            scheduler.Drain<DrainEvents>();
            scheduler.Drain<DrainEmails>();
            scheduler.Drain<DrainDeliveries>();
            scheduler.Drain<DrainBilling>();
            scheduler.Drain<DrainFoundings>();
            scheduler.Drain<DrainPlatformEmails>();
            scheduler.ScheduleJob<PurgeLeaving>(trigger => trigger.WithIdentity(nameof(PurgeLeaving)).WithSimpleSchedule(TimeSpan.FromHours(1)));
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
            scheduler.Once<ReconcileBilling>(trigger => trigger.WithCronSchedule("0 40 * * * ?"));
            scheduler.Once<ReconcileAllBilling>(trigger => trigger.WithCronSchedule("0 50 3 * * ?"));
            scheduler.Once<RecheckDomains>(trigger => trigger.WithCronSchedule("0 10 4 * * ?"));
            scheduler.Once<RemindOfWaiting>(trigger => trigger.WithCronSchedule("0 0 7 * * ?"));
        });

        // What is stored stays: replacing a trigger forgets a run that fell due while no node was up. A changed or
        // removed job is therefore a migration that deletes its rows; the first node to start stores the new one.
        services.Configure<QuartzOptions>(Cluster, options => options.Scheduling.IgnoreDuplicates = true);
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(9));
        services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);

        services.AddKeyedScoped<IWorkHandler, HandleEvent>(WorkKinds.Event);
        services.AddKeyedScoped<IWorkHandler, SendEmail>(WorkKinds.Email);
        services.AddKeyedScoped<IWorkHandler, SyncBilling>(WorkKinds.Billing);
        services.AddKeyedScoped<IWorkHandler, SetUpOrganization>(WorkKinds.Found);
        services.AddSingleton<EmailSending>();
        services.AddSingleton<WorkRunner>();
        services.AddSingleton<EveryOrganization>();
        services.AddSingleton<QueueBell>();
        services.AddHostedService(provider => provider.GetRequiredService<QueueBell>());
        services.AddHostedService<ClusterListener>();
        services.AddHostedService<WriteApiKeyUsage>();
        return services;
    }

    /// <summary>The key under which a job that drains is scheduled.</summary>
    public static JobKey KeyOf(Type drain) => new(drain.Name);

    /// <summary>Runs the job whenever the bell finds something for it.</summary>
    private static void Drain<TJob>(this IQuartzBuilder scheduler)
        where TJob : IJob =>
        scheduler.AddJob<TJob>(job => job.WithIdentity(KeyOf(typeof(TJob))).StoreDurably());

    /// <summary>Stores the job under its type's name unless a node has already done so.</summary>
    private static void Once<TJob>(this IQuartzBuilder scheduler, Action<ITriggerConfigurator<TJob>> schedule)
        where TJob : IJob =>
        scheduler.ScheduleJob<TJob>(
            trigger => schedule(trigger.WithIdentity(typeof(TJob).Name)),
            job => job.WithIdentity(typeof(TJob).Name));
}
