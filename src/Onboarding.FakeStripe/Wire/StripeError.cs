using System.Text.Json.Nodes;

namespace Onboarding.FakeStripe.Wire;

/// <summary>An answer that is an error, in the shape in which Stripe gives it.</summary>
internal sealed class StripeError(int status, string type, string message, string? code = null, string? param = null) : Exception(message)
{
    public int Status => status;

    public static StripeError Invalid(string message, string? param = null, string? code = null) => new(400, "invalid_request_error", message, code, param);

    public static StripeError Missing(string what, string id, string param = "id") => new(404, "invalid_request_error", $"No such {what}: '{id}'", "resource_missing", param);

    public JsonObject Body()
    {
        var error = new JsonObject { ["type"] = type, ["message"] = Message };
        if (code is not null)
        {
            error["code"] = code;
        }

        if (param is not null)
        {
            error["param"] = param;
        }

        return new() { ["error"] = error };
    }
}
