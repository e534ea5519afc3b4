import json
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from schemas.errors import MessageError
from streams.adapt.cloudtrail import adapt_cloudtrail
from streams.adapt.contract import Refused
from streams.batch import Decoded
from streams.decode import decode
from tests.support.cloudtrail import ACCOUNT, FIXTURES, OTHER, SAMPLES, message, plain, records
from tests.support.events import batch, contract_row

WRITE = msgspec.json.Encoder().encode


def _decoded(name: str) -> Decoded:
    return decode(batch(records(FIXTURES / name), "cloudtrail"))


def _row(decoded: Decoded, operation: str, part: int = 0) -> dict[str, Any]:
    rows = decoded.events.rows(named=True)
    found = [row for row in rows if row["operation"] == operation and row["position.part"] == part]
    return {name: value for name, value in found[0].items() if value is not None}


def _refused(raw: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        adapt_cloudtrail(raw, 3)
    return caught.value.reason


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.*json")), ids=lambda path: path.stem)
def test_no_fixture_gives_a_dead_letter_and_every_event_fits_the_contract(path: Path) -> None:
    for raw in records(path):
        events = adapt_cloudtrail(raw, None)
        assert events
        for event in events:
            assert contract_row(WRITE(event)) is not None


def test_an_object_read_by_a_role() -> None:
    row = _row(_decoded("data-events.json"), "s3.amazonaws.com:GetObject")

    assert row["event.kind"] == "access"
    assert row["event.source"] == f"aws:cloudtrail:{ACCOUNT}"
    assert row["event.id"] == "10000000-0000-4000-8000-000000000001"
    assert row["actor.subject"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/crm-batch/batch-7"
    assert row["actor.role"] == f"arn:aws:iam::{ACCOUNT}:role/crm-batch"
    assert row["origin.ip"] == "192.0.2.10"
    assert row["asset.locator"] == "arn:aws:s3:::crm-exports/2026/10/users.csv"
    assert row["asset.region"] == "ap-northeast-1"
    assert (row["action"], row["outcome"]) == ("read", "success")
    assert "origin.country" not in row
    assert "asset.claimed_id" not in row


@pytest.mark.parametrize(("account", "exposed"), [("ANONYMOUS_PRINCIPAL", "public"), (ACCOUNT, None), (OTHER, None)])
def test_what_is_read_without_a_signature_is_public(account: str, exposed: str | None) -> None:
    nobody = {"type": "AWSAccount", "principalId": "", "accountId": account}
    read = message("s3:GetObject", {"bucketName": "b", "key": "k"}, userIdentity=nobody)
    [row] = decode(batch([read], "cloudtrail")).events.rows(named=True)

    assert (row["event.kind"], row["action"], row["exposure.to"]) == ("access", "read", exposed)


def test_a_right_by_an_inline_policy_is_to_what_the_policy_names() -> None:
    lake, table = "arn:aws:s3:::lake/*", "arn:aws:dynamodb:eu-west-1:111122223333:table/users"
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [lake, table]},
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::denied"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": lake},
    ]
    named = {"userName": "taro", "policyName": "p", "policyDocument": json.dumps({"Statement": statements})}
    put = message("iam:PutUserPolicy", named, awsRegion="us-east-1")
    rows = decode(batch([put], "cloudtrail")).events.rows(named=True)

    assert {row["event.kind"] for row in rows} == {"grant"}
    assert [(row["asset.locator"], row["asset.region"]) for row in rows] == [
        (lake, None), (table, "eu-west-1"), ("*", None),
    ]  # fmt: skip
    assert {row["grantee.subject"] for row in rows} == {f"arn:aws:iam::{ACCOUNT}:user/taro"}


def test_a_copy_into_another_region_is_a_transfer() -> None:
    row = _row(_decoded("data-events.json"), "s3.amazonaws.com:CopyObject")

    assert row["event.kind"] == "transfer"
    assert row["asset.locator"] == "arn:aws:s3:::crm-exports/2026/10/users.csv"
    assert "asset.region" not in row  # where the source stands is not said
    assert row["destination.locator"] == "arn:aws:s3:::crm-copy/users.csv"
    assert row["destination.region"] == "ap-southeast-1"


def test_several_assets_are_several_parts_with_ids_of_their_own() -> None:
    events = _decoded("data-events.json").events
    tables = events.filter(events["operation"] == "dynamodb.amazonaws.com:BatchGetItem")

    assert tables["position.part"].to_list() == [0, 1]
    assert tables["event.id"].to_list() == [
        "10000000-0000-4000-8000-000000000005",
        "10000000-0000-4000-8000-000000000005#1",
    ]
    assert tables["asset.locator"].str.split("/").list.last().to_list() == ["users", "bills"]
    assert [raw is not None for raw in tables["raw"]] == [True, False]


def test_exposures_rights_and_trail_events_are_told() -> None:
    decoded = _decoded("management-events.json")

    stopped = _row(decoded, "cloudtrail.amazonaws.com:StopLogging")
    assert (stopped["action"], stopped["actor.kind"]) == ("trail_stop", "shared")
    shared = [_row(decoded, "ec2.amazonaws.com:ModifySnapshotAttribute", part) for part in (0, 1)]
    assert [(row["exposure.to"], row.get("exposure.party")) for row in shared] == [
        ("named_party", f"aws:{OTHER}"),
        ("public", None),
    ]
    assert _row(decoded, "s3.amazonaws.com:PutBucketPolicy")["exposure.to"] == "public"
    given = _row(decoded, "iam.amazonaws.com:AttachUserPolicy")
    assert (given["event.kind"], given["grant.change"], given["grantee.issuer"]) == ("grant", "given", f"aws:{ACCOUNT}")
    trusted = _row(decoded, "iam.amazonaws.com:UpdateAssumeRolePolicy")
    assert trusted["grantee.issuer"] == f"aws:{OTHER}"
    copied = _row(decoded, "rds.amazonaws.com:CopyDBSnapshot")
    assert (copied["asset.region"], copied["destination.region"]) == ("ap-northeast-1", "ap-southeast-1")
    assert _row(decoded, "signin.amazonaws.com:ConsoleLogin")["outcome"] == "denied"


def test_a_copy_whose_target_cannot_be_read_goes_to_somebody_unknown() -> None:
    put = message("s3:PutBucketReplication", {"bucketName": "b"})
    [row] = decode(batch([put], "cloudtrail")).events.rows(named=True)

    assert (row["event.kind"], row["asset.locator"], row["exposure.to"]) == ("transfer", "arn:aws:s3:::b", "unknown")
    assert (row["destination.locator"], row["destination.region"]) == (None, None)


@pytest.mark.parametrize("parameters", [{"omitted": True}, {"policyDocument": "{"}, None])
def test_a_trust_that_cannot_be_read_opens_something_unknown_once(parameters: Any) -> None:
    [row] = decode(batch([message("iam:UpdateAssumeRolePolicy", parameters)], "cloudtrail")).events.rows(named=True)

    assert (row["exposure.to"], row["asset.locator"]) == ("unknown", f"opened-by:arn:aws:iam::{ACCOUNT}:*")


def test_an_address_that_is_none_is_absent() -> None:
    row = _row(_decoded("management-events.json"), "kms.amazonaws.com:Decrypt")

    assert "origin.ip" not in row
    assert row["actor.kind"] == "service"
    assert row["actor.on_behalf_of.subject"] == f"arn:aws:iam::{ACCOUNT}:user/hanako"


def test_a_record_with_almost_nothing_is_read_and_the_rest_is_unknown() -> None:
    decoded = _decoded("odd-shapes.ndjson")

    assert decoded.dead_letters.height == 0
    assert decoded.events["operation"].to_list() == [
        "s3.amazonaws.com:GetObject", "iam.amazonaws.com:CreateRole", "new-service.example:FrobnicateThing",
        "s3.amazonaws.com:GetObject",
    ]  # fmt: skip
    assert decoded.events["asset.region"].to_list() == [None, None, "mars-north-1", "ap-northeast-1"]
    assert decoded.events["actor.subject"].null_count() == 4


def test_a_wrapper_holds_many_records_and_a_bad_one_loses_only_itself() -> None:
    good = json.dumps(plain("s3:GetObject", {"bucketName": "b"}))
    raw = f'{{"Records": [{good}, {{"x": 5}}, {good}, "x"]}}'.encode()

    decoded = decode(batch([raw], "cloudtrail"))

    assert decoded.events["position.part"].to_list() == [0, 2]
    assert decoded.events["raw"].to_list() == [raw, None]
    assert decoded.dead_letters["part"].to_list() == [1, 3]
    assert decoded.dead_letters["reason"].to_list() == ["missing-field", "wrong-type"]
    assert decoded.dead_letters["raw"].to_list() == [b'{"x": 5}', b'"x"']


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "invalid-json"),
        (b"[]", "wrong-type"),
        (b"{}", "missing-field"),
        (b'{"Records": 5}', "missing-field"),
        (b'{"Records": [}', "invalid-json"),
        (message("s3:X", eventID=5), "wrong-type"),
        (message("s3:X", eventID=""), "too-short"),
        (message("s3:X", eventName="x" * 201), "too-long"),
        (message("s3:X", eventTime="2026-11-01T00:00:00"), "time-without-zone"),
        (message("s3:X", eventTime="yesterday"), "invalid-time"),
        (message("s3:X", {"a": float("nan")}), "not-a-number"),
        (message("s3:X").replace(b"null", b"[" * 300 + b"]" * 300, 1), "nesting-too-deep"),
        (message("s3:X").replace(b"null", b"[" * 5000 + b"]" * 5000, 1), "nesting-too-deep"),
    ],
)
def test_what_is_no_record_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    assert _refused(raw) == reason


def test_the_text_of_a_refusal_names_line_and_field_but_no_contents() -> None:
    with pytest.raises(MessageError) as caught:
        adapt_cloudtrail(message("s3:X", eventTime="SECRET"), 3)

    assert str(caught.value).startswith("3: eventTime must be an RFC 3339 time")
    assert "SECRET" not in str(caught.value)


def test_a_message_of_too_many_events_is_refused_before_it_fills_memory() -> None:
    accounts = [{"userId": f"{number:012d}"} for number in range(2_000)]
    resources = [{"ARN": f"arn:aws:ec2:::image/{number}"} for number in range(10_000)]
    raw = message("ec2:ModifyImageAttribute", {"launchPermission": {"add": {"items": accounts}}}, resources=resources)

    assert _refused(raw) == "too-many-events"


def test_a_refusal_keeps_the_bytes_of_its_record_only() -> None:
    found = adapt_cloudtrail(b'{"Records": [ {"eventID": 1} ]}', None)

    assert isinstance(found[0], Refused)
    assert found[0].raw == b'{"eventID": 1}'


def test_real_records_give_no_dead_letter_and_no_country() -> None:
    """Others' logs stay outside the repository: real records are read where their folder is there."""
    for path in sorted(SAMPLES.glob("*.json")):
        decoded = decode(batch(records(path), "cloudtrail"))

        assert decoded.dead_letters.height == 0, path.stem
        assert decoded.events["position.offset"].n_unique() == len(records(path)), path.stem
        # What a right in IAM opens may lie in any region; all else says where it was done.
        somewhere = decoded.events.filter(~pl.col("asset.locator").str.starts_with("opened-by:"))
        assert somewhere["asset.region"].null_count() == 0, path.stem
        assert decoded.events["origin.country"].null_count() == decoded.events.height, path.stem
