// What a customer's program does with a client generated from the document: signs in, and reads who waits.
namespace Onboarding.Client;

public static class Usage
{
    public static async System.Threading.Tasks.Task<string> RunAsync(System.Net.Http.HttpClient http, string username, string password)
    {
        var client = new OnboardingClient(http) { BaseUrl = http.BaseAddress!.ToString() };
        TokenResponse tokens = await client.SignInAsync(null, new LoginRequest { Username = username, Password = password });
        http.DefaultRequestHeaders.Authorization = new("Bearer", tokens.Access);
        DashboardPage page = await client.ListThePeopleWhoWaitAsync(100, null, MemberStatus.Pending_approval, null, DashboardSort.Oldest, null);
        var lines = new System.Collections.Generic.List<string>();
        foreach (DashboardMember person in page.Data)
        {
            EmailStatus? mail = person.Mail;
            lines.Add($"{person.Username} {person.Status} {mail?.ToString() ?? "no mail"}");
        }

        return string.Join('\n', lines);
    }
}
