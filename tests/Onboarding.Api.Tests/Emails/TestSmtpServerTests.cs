using System.Net.Sockets;
using System.Text;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Emails;

public sealed class TestSmtpServerTests
{
    [Fact]
    public async Task A_pipelined_session_is_answered_in_order_and_unstuffed()
    {
        await using var server = TestSmtpServer.Start();
        var answers = await TalkAsync(server,
            "HELO me\r\nDATA\r\nMAIL FROM:<a@x.test> SIZE=9 BODY=8BITMIME\r\nRCPT TO:<b@x.test>\r\nRCPT TO:<c@x.test>\r\nNOOP\r\nDATA\r\n"
            + "Subject: Hi\r\nMessage-Id: <1@x>\r\n\r\n..\r\n.. two\r\nbare\n.\nend\r\n.\r\nRSET\r\nRCPT TO:<b@x.test>\r\nBOGUS\r\nQUIT\r\n");

        Assert.Equal(["220", "250", "503", "250", "250", "250", "250", "354", "250", "250", "503", "500", "221"], answers);
        Assert.Equal(2, server.Count);
        Assert.Equal(".\n. two\nbare\n.\nend\n", Assert.Single(server.For("C@x.test")).Text.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Waiting_in_vain_says_what_did_arrive()
    {
        await using var server = TestSmtpServer.Start();
        await TalkAsync(server, "EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nSubject: Hi\r\n\r\nText\r\n.\r\nQUIT\r\n");

        var refused = await Assert.ThrowsAsync<TimeoutException>(() =>
            server.WaitForAsync("b@x.test", email => email.Subject == "Other", TimeSpan.FromMilliseconds(50)));
        Assert.Contains("\"Hi\"", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<string[]> TalkAsync(TestSmtpServer server, string session)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(TestSmtpServer.Host, server.Port, TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(session), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var answers = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        return [.. answers.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Where(line => line[3] == ' ').Select(line => line[..3])];
    }
}
