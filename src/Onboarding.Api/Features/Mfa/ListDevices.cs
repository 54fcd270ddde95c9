using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Onboarding.Api.Http;
using Onboarding.Tenancy.Data;

namespace Onboarding.Api.Features.Mfa;

/// <param name="ExpiresAt">When it is forgotten by itself.</param>
public sealed record DeviceResponse(Guid Id, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt, string? IpAddress, string? UserAgent);

/// <summary>The devices that sign the member in without a second factor, newest first.</summary>
internal sealed class ListDevices(TenantDbContext db, RequestActor actor, TimeProvider clock)
{
    public static void Map(RouteGroupBuilder devices) => devices
        .MapGet("", ([AsParameters] PageQuery page, ListDevices useCase, CancellationToken cancellationToken) => useCase.HandleAsync(page, cancellationToken))
        .WithSummary("List the signed-in member's remembered devices")
        .WithExample(response: new Page<DeviceResponse>([new(Guid.Parse("01990000-0000-7000-8000-000000000003"), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(30), "203.0.113.7", "Mozilla/5.0")], null))
        .WithErrors(("cursor.invalid", 400));

    public async Task<Results<Ok<Page<DeviceResponse>>, ProblemHttpResult>> HandleAsync(PageQuery page, CancellationToken cancellationToken)
    {
        if (!Cursor.TryRead(page.Cursor, out (DateTimeOffset At, Guid Id)? after))
        {
            return Paging.CursorInvalid();
        }

        var (memberId, now) = (actor.MemberId, clock.GetUtcNow());
        var devices = db.RememberedDevices.AsNoTracking().Where(d => d.MemberId == memberId && d.ExpiresAt > now);
        if (after is var (at, id))
        {
            devices = devices.Where(d => d.CreatedAt < at || (d.CreatedAt == at && d.Id < id));
        }

        var rows = await devices.OrderByDescending(d => d.CreatedAt).ThenByDescending(d => d.Id).Take(page.Take)
            .Select(d => new DeviceResponse(d.Id, d.CreatedAt, d.LastUsedAt, d.ExpiresAt, d.IpAddress, d.UserAgent))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(rows.ToPage(page, row => Cursor.Of(row.CreatedAt, row.Id)));
    }
}
