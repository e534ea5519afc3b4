"""A right that CloudTrail tells of is judged by what it may open, which the register of the example carrier lacks."""

from pathlib import Path
from typing import Any, Final

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Register
from services.demo import example_carrier
from services.register_files import read_register
from streams.pipeline import Context, run
from streams.register_index import RegisterIndex
from tests.support.cloudtrail import ACCOUNT, OTHER, message
from tests.support.events import batch
from tests.support.stores import context

POLICY: Final = f"arn:aws:iam::{ACCOUNT}:policy/office"
ADMIN: Final = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/platform-admin/taro",
    "accountId": ACCOUNT,
}
UNKNOWN_PLACE: Final = {("UNKNOWN-ASSET", "asset"), ("UNKNOWN-CATEGORY", "asset"), ("UNKNOWN-COUNTRY", "asset")}
UNKNOWN_PARTY: Final = {("UNKNOWN-PARTY", "party"), ("UNKNOWN-COUNTRY", "party")}
NAMED: Final = """
assets:
  - id: office-tools
    valid_from: 2024-04-01
    name: office tools
    locators: [{pattern: "opened-by:arn:aws:iam::111122223333:policy/office"}]
    category: none
    equipment_country: JP
    operator: tsubame
"""
SNAPSHOT: Final = """
assets:
  - id: snapshot
    valid_from: 2024-04-01
    name: snapshot
    locators: [{pattern: "arn:aws:ec2:ap-northeast-1::snapshot/snap-1"}]
    category: "2"
    natural_persons: true
    service: mobile
    equipment_country: JP
    operator: aws
    storage_service: true
"""


@pytest.fixture(scope="module")
def known() -> Register:
    return read_register([example_carrier().register])


def found(register: Register, call: str, parameters: dict[str, Any], **more: Any) -> set[tuple[str, str]]:
    """Return rule and role of each finding about a call of the carrier's own administrator."""
    base = context()
    judged_with = Context(RegisterIndex(register, Interpretations()), base.rulebook, base.keys, base.versions)
    told = message(call, parameters, userIdentity=ADMIN, **more)
    findings = run(batch([told], "cloudtrail"), judged_with).findings
    return set(findings.select("rule", "role").rows())


def trusting(principal: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"roleName": "analytics-reader", "policyDocument": {"Statement": statement}}


def test_a_role_that_another_account_may_take_is_a_right_of_a_stranger_to_something_unknown(known: Register) -> None:
    them = trusting({"AWS": f"arn:aws:iam::{OTHER}:root"})
    stranger = {*UNKNOWN_PARTY, ("SC-UNREGISTERED", "party")}
    assert found(known, "iam:UpdateAssumeRolePolicy", them) == UNKNOWN_PLACE | stranger


def test_a_role_that_anyone_may_take_exposes_something_unknown(known: Register) -> None:
    raised = found(known, "iam:UpdateAssumeRolePolicy", trusting("*"))
    assert raised == {*UNKNOWN_PLACE, ("EXPOSURE-ANY-ACCOUNT", "event")}


def test_whoever_a_provider_of_identities_lets_in_is_unknown(known: Register) -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
    raised = found(known, "iam:UpdateAssumeRolePolicy", trusting({"Federated": provider}))
    assert raised == UNKNOWN_PLACE | UNKNOWN_PARTY
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "s3:GetObject"}
    shared = {"bucketName": "tsubame-lake", "bucketPolicy": {"Statement": statement}}
    assert ("EXPOSURE-UNKNOWN-PARTY", "recipient") in found(known, "s3:PutBucketPolicy", shared)


def test_a_role_of_a_service_of_aws_raises_nothing(known: Register) -> None:
    assert found(known, "iam:UpdateAssumeRolePolicy", trusting({"Service": "lambda.amazonaws.com"})) == set()


@pytest.mark.parametrize(("change", "raised"), [("Attach", UNKNOWN_PLACE), ("Detach", set[tuple[str, str]]())])
def test_a_managed_policy_opens_what_nobody_has_said(
    known: Register, change: str, raised: set[tuple[str, str]]
) -> None:
    given = {"userName": "ci-deploy", "policyArn": POLICY}
    assert found(known, f"iam:{change}UserPolicy", given) == raised


def test_a_managed_policy_of_which_the_register_says_what_it_opens_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "opened.yaml").write_text(NAMED, encoding="utf-8")
    register = read_register([example_carrier().register, tmp_path / "opened.yaml"])
    given = {"userName": "ci-deploy", "policyArn": POLICY}
    assert found(register, "iam:AttachUserPolicy", given) == set()


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("s3:PutBucketPolicy", {"bucketName": "tsubame-lake"}),
        ("s3:PutBucketPolicy", {"bucketName": "tsubame-lake", "bucketPolicy": "{not json"}),
        ("s3:PutBucketAcl", {"bucketName": "tsubame-lake", "AccessControlPolicy": "zzz"}),
        ("s3:PutBucketPublicAccessBlock", {"bucketName": "tsubame-lake"}),
        ("s3:PutBucketReplication", {"bucketName": "tsubame-lake"}),
        ("s3:CopyObject", {"bucketName": "tsubame-lake", "key": "k"}),
        ("iam:UpdateAssumeRolePolicy", {"roleName": "analytics-reader", "policyDocument": "{broken"}),
        ("iam:AttachUserPolicy", {"policyArn": POLICY}),
    ],
)
def test_whoever_a_call_that_cannot_be_read_shares_with_is_unknown(
    known: Register, call: str, parameters: dict[str, Any]
) -> None:
    raised = {rule for rule, _ in found(known, call, parameters)}
    assert "EXPOSURE-UNKNOWN-PARTY" in raised


def test_a_policy_too_large_for_the_record_shares_with_somebody_unknown(known: Register) -> None:
    omitted = {"omitted": True, "originalSize": 204800, "reason": "requestParameters too large"}
    bucket = [{"ARN": "arn:aws:s3:::tsubame-lake", "type": "AWS::S3::Bucket"}]
    raised = found(known, "s3:PutBucketPolicy", omitted, resources=bucket)
    assert raised == {("EXPOSURE-UNKNOWN-PARTY", "recipient"), ("UNKNOWN-COUNTRY", "recipient")}
    assert found(known, "s3:PutBucketPolicy", omitted, resources=bucket, errorCode="AccessDenied") == set()


def test_a_policy_that_shares_with_nobody_else_raises_nothing(known: Register) -> None:
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject"}
    shared = {"bucketName": "tsubame-lake", "bucketPolicy": {"Statement": [own]}}
    assert found(known, "s3:PutBucketPolicy", shared) == set()


@pytest.mark.parametrize(
    ("zone", "raised"),
    [
        ("ap-northeast-1a", set[tuple[str, str]]()),
        ("apne1-az4", set[tuple[str, str]]()),
        ("ap-northeast-1-tpe-1a", {("UNKNOWN-ASSET", "destination"), ("UNKNOWN-REGION", "destination")}),
    ],
)
def test_a_volume_in_a_local_zone_is_a_copy_to_a_country_that_nobody_has_said(
    zone: str, raised: set[tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "snapshot.yaml").write_text(SNAPSHOT, encoding="utf-8")
    register = read_register([example_carrier().register, tmp_path / "snapshot.yaml"])
    assert found(register, "ec2:CreateVolume", {"zone": zone, "snapshotId": "snap-1"}) == raised


def test_a_local_zone_that_the_register_knows_has_a_country(tmp_path: Path) -> None:
    taipei = "regions: [{provider: aws, valid_from: 2024-01-01, name: ap-northeast-1-tpe-1, country: TW}]\n"
    (tmp_path / "snapshot.yaml").write_text(taipei + SNAPSHOT, encoding="utf-8")
    register = read_register([example_carrier().register, tmp_path / "snapshot.yaml"])
    raised = found(register, "ec2:CreateVolume", {"zone": "ap-northeast-1-tpe-1a", "snapshotId": "snap-1"})
    assert ("XB-NEW-COUNTRY", "destination") in raised
    assert ("UNKNOWN-REGION", "destination") not in raised
