using System.Net;
using System.Net.Sockets;
using System.Text;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>HTTP byte by byte: what no client library lets through.</summary>
internal static class RawHttp
{
    /// <summary>Sends one request and returns the answer as far as it came; it has to make the server hang up, as <c>Connection: close</c> does.</summary>
    public static async Task<string> SendAsync(TestApp app, string request)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, app.Address.Port);
        var stream = connection.GetStream();
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request));
        }
        catch (IOException)
        {
            // The server has heard enough; its answer is there.
        }

        try
        {
            await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(15));
        }
        catch (IOException)
        {
            // It hangs up on those who go on talking.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }
}
