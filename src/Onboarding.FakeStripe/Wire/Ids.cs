using System.Security.Cryptography;

namespace Onboarding.FakeStripe.Wire;

/// <summary>Ids that nobody can guess, of the length that Stripe's have.</summary>
internal static class Ids
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static string New(string prefix) => prefix + "_" + RandomNumberGenerator.GetString(Letters, 24);

    public static string Short() => RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 8);
}
