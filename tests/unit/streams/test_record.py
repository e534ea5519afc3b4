import dataclasses
import hashlib
import json
from typing import Any

import polars as pl
import pytest

from schemas.records import COMMITTED, MAX_RECORD_BYTES, OPTIONAL_SECTIONS, RECORD_COLUMNS, Clock
from streams import merkle
from streams.batch import Oversize, RawBatch, Recorded
from streams.commit import clock_commitment_of, commitment_of, salt_of
from streams.record import record
from tests.support.evidence import KEYS, NOON, VERSIONS, as_json, batch_of, decoded_of, facts_of, findings_of

PERSONAL: dict[str, Any] = {
    "origin.ip": "192.0.2.77",
    "asset.locator": "arn:aws:s3:::secret-bucket/taro",
    "destination.locator": "s3://elsewhere/taro",
    "records.users": ["user-taro", "user-hanako"],
    "actor.subject": "taro@example.co.jp",
    "actor.on_behalf_of.subject": "jiro@example.co.jp",
    "grantee.subject": "hanako@example.co.jp",
    "purpose": "苦情対応",
    "ticket": "TICKET-4711",
    "destination.temporary.purpose": "二時間の確認",
    "exposure.party": "saburo@example.co.jp",
    "exposure.system": "request about shiro",
    "act.subject": "case of goro",
}

RAW_SHA256 = hashlib.sha256(b'{"n": 0}').hexdigest().encode()


def _record(
    rows: list[dict[str, Any]],
    findings: list[dict[str, Any]] | None = None,
    letters: list[dict[str, Any]] | None = None,
    batch: RawBatch | None = None,
) -> Recorded:
    facts = facts_of(rows)
    raws = [json.dumps({"n": i}).encode() for i in range(len(rows))]
    return record(
        [decoded_of(facts, raws, letters or [])],
        facts,
        findings_of(findings or []),
        batches=[batch or batch_of(raws)],
        keys=KEYS,
        versions=VERSIONS,
    )[0]


def _paths(read: dict[str, Any]) -> list[str]:
    """Dotted names of a record, in the order that they are written in."""
    names = []
    for key, value in read.items():
        names += [f"{key}.{name}" for name in value] if isinstance(value, dict) else [key]
    return names


def _commitments(text: str) -> dict[str, str]:
    found: dict[str, str] = as_json(text)["commitments"]
    return found


def _expected(clock: Clock, values: dict[str, bytes], offset: int = 0) -> str:
    salt = salt_of(("file:a", 0, offset, 0), clock, KEYS)
    present = [name for name, its_clock in COMMITTED.items() if its_clock == clock and name in values]
    return clock_commitment_of(commitment_of(salt, name, values[name]) for name in present)


def test_a_record_has_its_columns_in_order_with_absent_ones_written_out() -> None:
    everything = {
        "destination.key": "d", "recipient.key": "r", "exposure.to": "public", "grant.change": "given",
        "planned.id": "p", "act.kind": "evidence_read", "records.fields": ["name", "電話"],
    }  # fmt: skip
    read = as_json(_record([everything]).evidence["record"][0])

    assert _paths(read) == ["v", "record", *RECORD_COLUMNS, "commitments.short", "commitments.long"]
    assert (read["v"], read["record"], read["asset"]["operator"]) == (1, "event", None)
    assert read["records"] == {"count": None, "fields_count": 2, "fields": ["name", "電話"]}


def test_an_optional_section_of_which_nothing_is_known_is_null_whatever_else_is_in_the_batch() -> None:
    alone = as_json(_record([{}]).evidence["record"][0])
    beside = as_json(_record([{}, {"destination.key": "d", "destination.encrypted": False}]).evidence["record"][0])

    assert alone == beside
    assert [name for name, value in alone.items() if value is None] == ["operation", "outcome", *OPTIONAL_SECTIONS]


def test_times_are_utc_with_six_digits_and_z() -> None:
    rows = [{"event.time": NOON}, {"event.time": NOON.replace(microsecond=1), "grant.until": NOON.replace(year=9999)}]

    records = [as_json(text) for text in _record(rows).evidence["record"]]

    assert [read["event"]["time"] for read in records] == ["2026-11-01T03:00:00.000000Z", "2026-11-01T03:00:00.000001Z"]
    assert records[1]["grant"]["until"] == "9999-11-01T03:00:00.000000Z"


def test_no_personal_value_is_in_a_record_and_each_one_is_committed_to() -> None:
    recorded = _record([PERSONAL])
    text = recorded.evidence["record"][0]
    beside = {**recorded.personal_short.to_dicts()[0], **recorded.personal_long.to_dicts()[0]}
    values = {"raw": RAW_SHA256}

    for name, value in PERSONAL.items():
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list) else value
        values[name] = written.encode()
        assert beside[name] == value
        for one in value if isinstance(value, list) else [value]:
            assert one not in text
    assert "taro" not in text
    assert _commitments(text) == {"short": _expected("short", values), "long": _expected("long", values)}


def test_values_that_another_event_of_the_batch_has_do_not_change_a_commitment() -> None:
    alone = _record([{"origin.ip": "192.0.2.1"}]).evidence["record"][0]
    beside = _record([{"origin.ip": "192.0.2.1"}, PERSONAL]).evidence["record"][0]

    assert alone == beside
    assert _commitments(alone)["short"] == _expected("short", {"raw": RAW_SHA256, "origin.ip": b"192.0.2.1"})


def test_salts_lie_beside_the_values_of_their_clock() -> None:
    recorded = _record([{}])

    assert recorded.personal_short["salt"].to_list() == [salt_of(("file:a", 0, 0, 0), "short", KEYS)]
    assert recorded.personal_long["salt"].to_list() == [salt_of(("file:a", 0, 0, 0), "long", KEYS)]
    assert not set(recorded.personal_short["salt"]) & set(recorded.personal_long["salt"])


def test_the_content_hash_in_a_record_cannot_be_guessed_without_the_key() -> None:
    recorded = _record([{}], [{"row": 0}])
    plain = hashlib.sha256(b'{"n": 0}').hexdigest()

    content = as_json(recorded.evidence["record"][0])["event"]["content"]
    assert len(content) == 32
    assert content not in plain
    assert as_json(recorded.findings["record"][0])["event_content"] == content
    assert plain[:32] not in recorded.findings["record"][0]


def test_the_raw_message_is_kept_and_committed_to_once_for_several_events_of_one_message() -> None:
    rows = [{"position.offset": 0, "position.part": part} for part in range(3)]
    recorded = _record(rows)

    assert recorded.personal_short["raw"].is_null().to_list() == [False, True, True]
    nothing = clock_commitment_of([])
    assert [_commitments(text)["short"] == nothing for text in recorded.evidence["record"]] == [False, True, True]


def test_long_lists_are_committed_to_and_counted_instead_of_written() -> None:
    fields = [f"column_{i}" for i in range(10_000)]
    recorded = _record([{"records.fields": fields, "grant.privileges": ["read"]}])
    read = as_json(recorded.evidence["record"][0])

    assert read["records"] == {"count": None, "fields_count": 10_000, "fields": None}
    written = json.dumps(fields, separators=(",", ":"))
    assert read["commitments"]["long"] == _expected("long", {"records.fields": written.encode()})
    assert recorded.personal_long["records.fields"].to_list() == [written]
    assert read["grant"]["privileges"] == ["read"]


def test_the_longest_texts_that_the_contracts_allow_fit_into_a_record() -> None:
    names = (
        "event.id", "event.source", "actor.issuer", "actor.role", "operation", "destination.protocol",
        "asset.region", "destination.region",
    )  # fmt: skip
    texts = dict.fromkeys(names, "\x01" * 256)
    lists = {"records.fields": ["x" * 200] * 40, "grant.privileges": ["y" * 200] * 40}
    recorded = _record([{**texts, **lists}], [{"row": 0, "facts": json.dumps({"a": "f" * 40_000})}])

    assert 20_000 < len(recorded.evidence["record"][0].encode()) <= MAX_RECORD_BYTES
    assert as_json(recorded.findings["record"][0])["facts"] == {}


def test_a_dead_letter_is_a_leaf_whose_bytes_lie_outside() -> None:
    letter = {"offset": 1, "part": 0, "reason": "invalid-utf8", "text": "line 2: …", "bytes": 3, "raw": b"\xff\xfe\x00"}
    recorded = _record([{}], letters=[letter], batch=batch_of([b'{"n": 0}', b"\xff\xfe\x00"]))
    read = as_json(recorded.evidence["record"][1])
    salt = salt_of(("file:a", 0, 1, 0), "short", KEYS)

    assert recorded.evidence["kind"].to_list() == ["event", "dead_letter"]
    assert list(read) == ["v", "record", "source", "partition", "offset", "part", "reason", "text", "bytes", "sha256"]
    assert (read["source"], read["offset"], read["reason"], read["bytes"]) == ("file:a", 1, "invalid-utf8", 3)
    whole = hashlib.sha256(b"\xff\xfe\x00").hexdigest().encode()
    assert read["sha256"] == commitment_of(salt, "raw", whole)
    assert recorded.dead_letters.select("raw", "salt").row(0) == (b"\xff\xfe\x00", salt)


def test_an_oversized_message_is_committed_to_as_a_whole() -> None:
    large = Oversize(offset=1, line=2, length=50_000_000, head=b"{", sha256=b"\x07" * 32)
    letter = {"offset": 1, "part": 0, "reason": "message-too-large", "text": "…", "bytes": 50_000_000, "raw": b"{"}
    recorded = _record([{}], letters=[letter], batch=batch_of([b'{"n": 0}'], oversize=[large]))

    salt = salt_of(("file:a", 0, 1, 0), "short", KEYS)
    assert as_json(recorded.evidence["record"][1])["sha256"] == commitment_of(salt, "raw", b"07" * 32)


def test_findings_take_party_and_country_from_what_their_role_is_about() -> None:
    row = {
        "asset.operator": "cloud-us", "asset.foreign_countries": "SG+US", "party.key": "vendor-a",
        "party.foreign_countries": "VN", "recipient.key": "gov-x", "recipient.foreign_countries": "CN",
    }  # fmt: skip
    roles = ["asset", "event", "party", "recipient"]
    findings = [{"row": 0, "role": role, "rule": f"R-{role}", "policy_item": None} for role in roles]
    recorded = _record([row], findings)

    assert recorded.findings.select("role", "party", "country").rows() == [
        ("asset", "cloud-us", "SG+US"),
        ("event", "vendor-a", None),
        ("party", "vendor-a", "VN"),
        ("recipient", "gov-x", "CN"),
    ]
    read = as_json(recorded.findings["record"][0])
    assert list(read)[-1] == "facts"
    assert read["facts"] == {"asset.abroad": True}
    assert read["register_sha256"] == VERSIONS.register_sha256


def test_a_finding_names_the_identity_of_its_event_by_the_hash_of_source_and_id() -> None:
    recorded = _record([{}, {"event.source": "//crm", "event.id": "e\u65e5"}], [{"row": 1}])
    expected = hashlib.sha256("5|//crm|e\u65e5".encode()).hexdigest()
    assert recorded.findings["event_identity"].to_list() == [expected]
    assert as_json(recorded.findings["record"][0])["event_identity"] == expected


@pytest.mark.parametrize("sign", ["\n", "|", "\u65e5"])
def test_a_source_and_an_id_that_read_alike_together_are_two_identities(sign: str) -> None:
    events = [
        {"event.source": f"//crm{sign}1", "event.id": "e"},
        {"event.source": "//crm", "event.id": f"1{sign}e"},
        {"event.source": f"//crm{sign}", "event.id": "1e"},
        {"event.source": "//crm", "event.id": f"{sign}1e"},
    ]
    recorded = _record(events, [{"row": row} for row in range(len(events))])
    assert recorded.findings["event_identity"].n_unique() == len(events)


@pytest.mark.parametrize(
    ("item", "place", "country"),
    [
        ("storage", "asset", "SG"), ("storage_party", "asset", "SG"), ("cloud", "asset", "US"),
        ("outsourcing", "asset", "US"), (None, "asset", "SG+US"), ("storage", "destination", None),
        ("cloud", "destination", "KR"), (None, "destination", "KR"), ("outsourcing", "party", "VN"),
        ("outsourcing", "recipient", "CN"),
    ],
)  # fmt: skip
def test_the_country_of_a_finding_is_the_one_that_its_policy_item_is_about(
    item: str | None, place: str, country: str | None
) -> None:
    row = {
        "asset.equipment_country": "SG", "asset.operator_country": "US", "asset.foreign_countries": "SG+US",
        "destination.operator_country": "KR", "destination.foreign_countries": "KR",
        "party.foreign_countries": "VN", "recipient.foreign_countries": "CN",
    }  # fmt: skip
    recorded = _record([row], [{"row": 0, "role": place, "policy_item": item}])

    assert recorded.findings["country"].to_list() == [country]
    assert as_json(recorded.findings["record"][0])["country"] == country


def test_leaves_and_root_follow_rfc_6962_over_evidence_then_findings() -> None:
    letter = {"offset": 1, "part": 0, "reason": "empty", "text": "…", "bytes": 0, "raw": b""}
    findings: list[dict[str, Any]] = [{"row": 1}, {"row": 1, "rule": "XB-CLOUD"}]
    batch = batch_of([b'{"n": 0}', b"", b'{"n": 1}'])
    recorded = _record([{}, {"position.offset": 2}], findings, [letter], batch)
    records = [*recorded.evidence["record"], *recorded.findings["record"]]
    leaves = [merkle.leaf_hash(text.encode()) for text in records]

    assert recorded.evidence["position.offset"].to_list() == [0, 1, 2]
    assert [*recorded.evidence["leaf_hash"], *recorded.findings["leaf_hash"]] == leaves
    assert recorded.merkle_root == merkle.root(leaves)


def test_user_pseudonyms_are_aligned_with_their_events() -> None:
    recorded = _record([{}, {"records.users": ["b", "a", "b"]}, {"records.users": []}])

    pseudonyms = recorded.personal_long["user.pseudonyms"].to_list()
    assert [len(one) for one in pseudonyms] == [0, 3, 0]
    assert pseudonyms[1][0] == pseudonyms[1][2] != pseudonyms[1][1]


def test_an_empty_batch_is_recorded_as_nothing() -> None:
    recorded = _record([], batch=batch_of([]))

    assert recorded.merkle_root == merkle.EMPTY_ROOT
    assert all(
        getattr(recorded, field.name).is_empty()
        for field in dataclasses.fields(recorded)
        if isinstance(getattr(recorded, field.name), pl.DataFrame)
    )
