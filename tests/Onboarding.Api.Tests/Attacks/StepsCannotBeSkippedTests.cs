using System.Net;
using System.Net.Http.Json;
using CsCheck;
using Onboarding.Tenancy;
using Onboarding.Testing;

namespace Onboarding.Api.Tests.Attacks;

/// <summary>Random sequences of calls against the real product, each answer compared with a model of a few lines (SEC-13).</summary>
public sealed class StepsCannotBeSkippedTests(ApiFixture fixture)
{
    private enum Call
    {
        Forward, Register, Resend, VerifyWrong, VerifyRight, VerifyOld, Approve, Reject, SetPassword, Login, Refresh, Logout, Me,
    }

    private enum State
    {
        Nobody, Unproven, Waiting, Rejected, Approved, Active,
    }

    // Half of the calls go the right way on, so that sequences get deep; the others do whatever they like.
    private static readonly Gen<Call[]> Sequences =
        Gen.Frequency((12, Gen.Const(Call.Forward)), (12, Gen.Int[1, (int)Call.Me].Select(i => (Call)i))).Array[8, 20];

    [Fact] // SEC-13
    public async Task No_sequence_of_calls_gets_further_than_the_model_allows()
    {
        var organization = await fixture.OrganizationAsync();
        using var admin = await organization.SignInAsync();
        var people = 0;
        var reached = new HashSet<State>();
        await Sequences.SampleAsync(
            async calls =>
            {
                var person = new Person(organization, admin, $"person{Interlocked.Increment(ref people)}");
                foreach (var call in calls)
                {
                    await person.DoAsync(call);
                    reached.Add(person.State);
                }
            },
            iter: 18,
            threads: 1);

        // A model that never got anywhere would have proven nothing.
        Assert.Contains(State.Active, reached);
    }

    private sealed class Person(TestOrganization organization, HttpClient admin, string name)
    {
        private readonly string email = organization.EmailOf(name);
        private int attempts;
        private bool signedIn;
        private string code = "000000";
        private string? oldCode;
        private string link = "sp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        private string refresh = "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        private string access = "none";

        public State State { get; private set; }

        public Task DoAsync(Call call) => call switch
        {
            Call.Forward => DoAsync(Next()),
            Call.Register => AskForCodeAsync(() => organization.RegisterAsync(name), comes: State is State.Nobody or State.Unproven, now: State == State.Nobody ? State.Unproven : State),
            Call.Resend => AskForCodeAsync(() => organization.ResendAsync(email), comes: State == State.Unproven, now: State),
            Call.VerifyWrong => VerifyAsync(code.Other(), right: false),
            Call.VerifyRight => VerifyAsync(code, right: true),
            Call.VerifyOld => VerifyAsync(oldCode is null || oldCode == code ? code.Other() : oldCode, right: false),
            Call.Approve => DecideAsync("approve", State.Approved),
            Call.Reject => DecideAsync("reject", State.Rejected),
            Call.SetPassword => SetPasswordAsync(),
            Call.Login => LoginAsync(),
            Call.Refresh => RefreshAsync(),
            Call.Logout => LogoutAsync(),
            _ => MeAsync(),
        };

        private Call Next() => State switch
        {
            State.Nobody => Call.Register,
            State.Unproven => attempts < 5 ? Call.VerifyRight : Call.Resend,
            State.Waiting => Call.Approve,
            State.Approved => Call.SetPassword,
            State.Active => signedIn ? Call.Refresh : Call.Login,
            _ => Call.Login,
        };

        private async Task AskForCodeAsync(Func<Task<HttpResponseMessage>> ask, bool comes, State now)
        {
            if (!comes)
            {
                // The mail that an account exists must not be taken for a later one.
                Expect(HttpStatusCode.Accepted, await ask());
                await organization.SettledAsync();
                return;
            }

            (oldCode, code) = (code, (await organization.MailOfAsync(email, ask)).Code);
            (attempts, State) = (0, now);
        }

        private async Task VerifyAsync(string otp, bool right)
        {
            var good = right && State == State.Unproven && attempts < 5;
            Expect(good ? HttpStatusCode.OK : HttpStatusCode.BadRequest, await organization.VerifyAsync(email, otp));
            attempts += State == State.Unproven && !right ? 1 : 0;
            State = good ? State.Waiting : State;
        }

        private async Task DecideAsync(string action, State decided)
        {
            var ids = await organization.QueryAsync<Guid>($"SELECT id FROM members WHERE user_name = '{name}'");
            var id = ids.Count == 0 ? Ids.New(TimeProvider.System.GetUtcNow()) : ids[0];
            Task<HttpResponseMessage> CallAsync() => admin.PatchAsJsonAsync("/admin-dashboard", new { id, action });
            if (State != State.Waiting)
            {
                Expect(State is State.Nobody or State.Unproven ? HttpStatusCode.NotFound : HttpStatusCode.Conflict, await CallAsync());
                return;
            }

            var mail = await organization.MailOfAsync(email, CallAsync);
            link = decided == State.Approved ? mail.Token() : link;
            State = decided;
        }

        private async Task SetPasswordAsync()
        {
            Expect(State == State.Approved ? HttpStatusCode.NoContent : HttpStatusCode.NotFound, await organization.SetPasswordAsync(link));
            State = State == State.Approved ? State.Active : State;
        }

        private async Task LoginAsync()
        {
            var answer = await organization.TryLoginAsync(name);
            Expect(State == State.Active ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer);
            await TakeAsync(answer);
        }

        private async Task RefreshAsync()
        {
            var answer = await organization.RefreshAsync(refresh);
            Expect(signedIn ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, answer);
            await TakeAsync(answer);
        }

        private async Task LogoutAsync()
        {
            Expect(HttpStatusCode.NoContent, await organization.LogoutAsync(refresh));
            signedIn = false;
        }

        private async Task MeAsync() =>
            Expect(signedIn ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, await organization.MeAsync(access));

        private async Task TakeAsync(HttpResponseMessage answer)
        {
            if (answer.IsSuccessStatusCode)
            {
                var tokens = await answer.JsonAsync();
                (signedIn, access, refresh) = (true, tokens.Access(), tokens.Refresh());
            }
        }

        private static void Expect(HttpStatusCode status, HttpResponseMessage answer) => Assert.Equal(status, answer.StatusCode);
    }
}
