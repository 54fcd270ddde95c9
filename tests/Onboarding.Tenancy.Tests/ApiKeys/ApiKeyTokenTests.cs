using Onboarding.Tenancy.ApiKeys;

namespace Onboarding.Tenancy.Tests.ApiKeys;

public sealed class ApiKeyTokenTests
{
    // Computed by another program.
    private const string Key = "ok_live_02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTUV2lHxdU";
    private static readonly Guid Organization = new("01890a5d-ac96-774b-bcce-b302099a8057");

    [Fact]
    public void A_key_names_its_organization() => Assert.Equal(Organization, ApiKeyToken.OrganizationOf(Key));

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("00000000-0000-0000-0000-000000000001")]
    [InlineData("01890a5d-ac96-774b-bcce-b302099a8057")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff")]
    public void A_new_key_has_the_form_names_its_organization_and_is_like_no_other(string id)
    {
        var organization = new Guid(id);
        var keys = Enumerable.Range(0, 100).Select(_ => ApiKeyToken.New(organization)).ToList();

        Assert.All(keys, key => Assert.Matches(@"\Aok_live_[0-9A-Za-z]{60}\z", key));
        Assert.All(keys, key => Assert.Equal(organization, ApiKeyToken.OrganizationOf(key)));
        Assert.Equal(keys.Count, keys.Select(key => key[30..62]).Distinct().Count());
    }

    [Fact]
    public void A_key_with_one_wrong_character_is_none()
    {
        for (var i = 0; i < Key.Length; i++)
        {
            foreach (var other in "0aAzZ9_-= \0\u0661".Where(other => other != Key[i]))
            {
                Assert.Null(ApiKeyToken.OrganizationOf($"{Key[..i]}{other}{Key[(i + 1)..]}"));
            }
        }
    }

    [Theory] // Their checksums are right.
    [InlineData("ok_live_7n42DGM5Tflk9n8mt7Fhc80123456789ABCDEFGHIJKLMNOPQRSTUV4BOG1g")] // an id of 129 bits
    [InlineData("ok_live_zzzzzzzzzzzzzzzzzzzzzz0123456789ABCDEFGHIJKLMNOPQRSTUV4TTxrm")]
    [InlineData("ok_live_02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTU-0gVadD")]
    [InlineData("ok_test_02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTUV1T5vQL")]
    [InlineData("ok_live_02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTUVW07D6bk")]
    [InlineData("ok_live_02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTU0cxGW9")]
    public void A_key_of_another_form_is_none(string key) => Assert.Null(ApiKeyToken.OrganizationOf(key));

    [Theory]
    [InlineData("")]
    [InlineData("ok_live_")]
    [InlineData("02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTUV2lHxdU")]
    [InlineData("OK_LIVE_02tcRIyrxLXTR81B3dqdOx0123456789ABCDEFGHIJKLMNOPQRSTUV2lHxdU")]
    [InlineData(Key + " ")]
    [InlineData(" " + Key)]
    [InlineData(Key + "," + Key)]
    public void What_is_around_a_key_is_no_part_of_it(string key) => Assert.Null(ApiKeyToken.OrganizationOf(key));
}
