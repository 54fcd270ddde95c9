namespace Onboarding.Tenancy.Isolation;

/// <summary>
/// A row of an organization holds what this build cannot read, such as a time in the year 20000: its trouble alone, as a
/// statement of its own that fails is.
/// </summary>
/// <param name="role">Whose row it is.</param>
/// <param name="inner">What reading it came to.</param>
public sealed class UnreadableRowException(string role, Exception inner) : Exception($"A row of {role} cannot be read.", inner);
