namespace Onboarding.Api.Features.Domains;

/// <summary>The public DNS, as far as this product asks it.</summary>
internal interface IDomainRecords
{
    /// <summary>The TXT records of a name, each as one text; none where there are none. Null when that could not be found out.</summary>
    Task<IReadOnlyList<string>?> TextsAsync(string name, CancellationToken cancellationToken);
}
