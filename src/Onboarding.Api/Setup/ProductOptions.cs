using System.ComponentModel.DataAnnotations;

namespace Onboarding.Api.Setup;

/// <summary>Section <c>Product</c>: what is said in the product's own name, before there is an organization.</summary>
internal sealed class ProductOptions
{
    public const string Section = "Product";

    /// <summary>As people know it.</summary>
    [Required(ErrorMessage = "Product:Name must not be empty."), StringLength(200)]
    public string Name { get; set; } = "Onboarding";
}
