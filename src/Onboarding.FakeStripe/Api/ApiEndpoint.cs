using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Onboarding.FakeStripe.Wire;
using Onboarding.FakeStripe.World;

namespace Onboarding.FakeStripe.Api;

/// <summary>One request of the API: recorded, checked, answered once for each idempotency key.</summary>
internal sealed class ApiEndpoint(FakeWorld world, Router router, ContractGate contract, Troubles troubles, string apiKey)
{
    private readonly ConcurrentDictionary<string, bool> underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<FakeRequest> requests = new();

    public IReadOnlyList<FakeRequest> Requests => [.. requests];

    public async Task InvokeAsync(HttpContext context)
    {
        var request = await RequestReader.ReadAsync(context.Request);
        requests.Enqueue(request);
        await (troubles.Before?.Invoke(request) ?? Task.CompletedTask);
        var key = request.Method == "POST" ? request.IdempotencyKey : null;
        var isMine = key is null || underWay.TryAdd(key, true);
        try
        {
            var answer = isMine
                ? Answer(context.Request, request, key)
                : Error(new(409, "idempotency_error", "There is a request with this idempotency key under way.", "idempotency_key_in_use"));
            if (await IsSentAsync(request))
            {
                await WriteAsync(context.Response, request, answer);
            }
            else
            {
                context.Abort();
            }
        }
        finally
        {
            if (isMine && key is not null)
            {
                underWay.TryRemove(key, out _);
            }
        }
    }

    // What throws here loses the answer of something that was done.
    private async Task<bool> IsSentAsync(FakeRequest request)
    {
        try
        {
            await (troubles.After?.Invoke(request) ?? Task.CompletedTask);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private ApiAnswer Answer(HttpRequest http, FakeRequest request, string? key)
    {
        if (troubles.Take(request) is { } status)
        {
            return Error(new(status, status == 429 ? "invalid_request_error" : "api_error", "This failure was ordered.", status == 429 ? "rate_limit" : null));
        }

        if (http.Headers.Authorization.ToString() != $"Bearer {apiKey}")
        {
            return Error(new(401, "invalid_request_error", "Invalid API Key provided"));
        }

        if (contract.Request(request) is { } violation)
        {
            return Error(StripeError.Invalid(violation));
        }

        return request.Method == "GET" ? world.Read(() => Run(request)) : world.Do(() => Once(request, key));
    }

    private ApiAnswer Once(FakeRequest request, string? key)
    {
        var asked = $"{request.Method} {request.Path}?{string.Join('&', request.Query.Concat(request.Form).Select(one => $"{one.Key}={one.Value}"))}";
        if (key is not null && world.State.Answers.TryGetValue(key, out var known))
        {
            return known.Request == asked
                ? new(known.Status, known.Body, IsReplay: true)
                : Error(new(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters they were first used with."));
        }

        var answer = Run(request);
        if (key is not null)
        {
            world.State.Answers[key] = new(asked, answer.Status, answer.Body);
        }

        return answer;
    }

    private ApiAnswer Run(FakeRequest request)
    {
        try
        {
            var parameters = new Parameters([.. request.Query, .. request.Form]);
            var body = router.Answer(request.Method, request.Path, parameters);
            if (body is null)
            {
                return Error(new(404, "invalid_request_error", contract.Keep($"{request.Method} {request.Path}", ["The fake has no such route."])!));
            }

            return contract.Answer(request, 200, body) is { } violation ? Error(StripeError.Invalid(violation)) : new(200, body.ToJsonString(), IsReplay: false);
        }
        catch (StripeError error)
        {
            return Error(error);
        }
    }

    private static ApiAnswer Error(StripeError error) => new(error.Status, error.Body().ToJsonString(), IsReplay: false);

    private static Task WriteAsync(HttpResponse response, FakeRequest request, ApiAnswer answer)
    {
        response.StatusCode = answer.Status;
        response.ContentType = "application/json";
        response.Headers["Request-Id"] = Ids.New("req");
        response.Headers["Stripe-Version"] = request.ApiVersion;
        if (request.IdempotencyKey is not null)
        {
            response.Headers["Idempotency-Key"] = request.IdempotencyKey;
        }

        if (answer.IsReplay)
        {
            response.Headers["Idempotent-Replayed"] = "true";
        }

        return response.WriteAsync(answer.Body, Encoding.UTF8);
    }

    private sealed record ApiAnswer(int Status, string Body, bool IsReplay);
}
