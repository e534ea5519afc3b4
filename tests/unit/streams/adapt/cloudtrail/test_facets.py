from streams.adapt.cloudtrail.facets import PUBLIC, UNREAD, exposure_to, principal_of
from streams.fast_events import Exposure, Principal
from tests.support.cloudtrail import ACCOUNT, OTHER, record

RECORD = record("s3:PutBucketPolicy")


def test_exposure_within_the_account_is_none() -> None:
    assert exposure_to(RECORD, ACCOUNT) is None
    assert exposure_to(RECORD, f"arn:aws:iam::{ACCOUNT}:role/r") is None


def test_exposure_to_another_account_names_it() -> None:
    assert exposure_to(RECORD, f"arn:aws:iam::{OTHER}:root") == Exposure(to="named_party", party=f"aws:{OTHER}")
    organisation = f"arn:aws:organizations::{OTHER}:organization/o-1"
    assert exposure_to(RECORD, organisation) == Exposure(to="named_party", party=f"aws:{OTHER}")
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
    them = Exposure(to="named_party", party=f"aws:federated:{provider}")
    assert exposure_to(RECORD, f"federated:{provider}") == them
    assert exposure_to(RECORD, "canonical:79a5") == Exposure(to="named_party", party="aws:canonical:79a5")


def test_anyone_is_the_public() -> None:
    assert exposure_to(RECORD, "*") == exposure_to(RECORD, "all") == PUBLIC


def test_without_an_account_of_its_own_nobody_is_within_it() -> None:
    nameless = record("s3:PutBucketPolicy", recipientAccountId=None, userIdentity=None)

    assert exposure_to(nameless, ACCOUNT) == Exposure(to="named_party", party=f"aws:{ACCOUNT}")


def test_a_grantee_is_known_by_its_account() -> None:
    arn = f"arn:aws:iam::{OTHER}:root"

    assert principal_of(RECORD, arn) == Principal(issuer=f"aws:{OTHER}", subject=arn, party=f"aws:{OTHER}")
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
    assert principal_of(RECORD, f"federated:{provider}") == Principal(issuer=provider, subject="*")
    assert principal_of(RECORD, "user-1") == Principal(issuer=f"aws:{ACCOUNT}", subject="user-1")


def test_exposure_to_what_is_no_name_is_unknown() -> None:
    assert [exposure_to(RECORD, one) for one in (None, 5, "", [ACCOUNT])] == [UNREAD] * 4
