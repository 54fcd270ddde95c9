namespace Onboarding.Tenancy.Organizations;

/// <summary>Where an organization stands in its life: <c>provisioning -> active -> suspended -> deleting</c>.</summary>
public enum OrganizationStatus
{
    /// <summary>In the catalogue; its schema and role may not exist yet. A rerun of provisioning resumes here.</summary>
    Provisioning,

    /// <summary>Serves requests.</summary>
    Active,

    /// <summary>Accepts nothing and gives everybody the same answer (ONB-14).</summary>
    Suspended,

    /// <summary>On its way out: serves nobody, keeps everything until its grace has ended, and can be restored until then.</summary>
    Deleting,
}
