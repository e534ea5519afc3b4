import json

import pytest

from schemas.errors import MessageError
from schemas.events import ACCESS, ACT, MAX_MESSAGE_BYTES, TRANSFER
from streams.fast_events import AccessEvent, TransferEvent
from streams.verdicts import REASONS, check_json, dead_letter_text, field_path, read_by_contract
from tests.support.events import event, message


def _changed(**top: object) -> bytes:
    return json.dumps({**event(), **top}).encode()


def _nested(depth: int) -> bytes:
    return message().replace(b'"data"', b'"x": ' + b"[" * depth + b"]" * depth + b', "data"')


CASES = {
    "empty": (b" \t\r\n", "the message is empty"),
    "invalid-utf8": (message().replace(b"idp", b"id\xff"), "line 7, column 156: the message is no UTF-8"),
    "nul-byte": (message().replace(b"idp", b"id\0"), "NUL byte"),
    "nesting-too-deep": (_nested(250), "more than 200"),
    "wrong-type": (message(operation=5), "data.operation must be a text"),
    "missing-field": (message().replace(b'"actor"', b'"actress"'), "data.actor is required and absent"),
    "unknown-event-type": (_changed(type="io.ashiato.theft.v1"), "type must be one of"),
    "number-out-of-range": (message(records={"count": 2**63}), "data.records.count must fit into 64 bits"),
    "not-a-number": (message(records={"count": float("nan")}), "data.records.count must be an integer"),
    "time-without-zone": (_changed(time="2026-11-01T09:00:00"), "time must be an RFC 3339 time with a zone"),
    "invalid-time": (_changed(time="2026-02-30T09:00:00Z"), "time must be an RFC 3339 time"),
    "too-long": (message(operation="x" * 257), "data.operation must have at most 256 characters"),
    "too-short": (message(operation=""), "data.operation must have at least 1 characters"),
    "invalid-value": (message(action="steal"), "data.action must be"),
    "invalid-json": (message()[:-5], "EOF while parsing"),
    "message-too-large": (b" " * MAX_MESSAGE_BYTES + message(), "are allowed"),
}


@pytest.mark.parametrize(("reason", "raw", "says"), [(key, *case) for key, case in CASES.items()])
def test_each_kind_of_bad_message_has_its_reason_and_says_where_and_why(reason: str, raw: bytes, says: str) -> None:
    with pytest.raises(MessageError) as caught:
        read_by_contract(raw, 7)

    assert caught.value.reason == reason
    text = dead_letter_text(caught.value)
    assert says in text
    assert text.startswith("line 7")
    assert "mend it at its sender" in text


MORE = {
    "an absent type": (b'{"specversion": "1.0"}', "missing-field"),
    "a number that is negative": (message(records={"count": -1}), "number-out-of-range"),
    "an integer beyond 64 bits in an unknown place": (message(x=2**70), None),
    "an integer with more digits than any parser takes": (message().replace(b'"idp"', b"9" * 5000), "number-out-of-range"),
    "infinity": (message(records={"count": float("inf")}), "not-a-number"),
    "a fraction for a count": (message(records={"count": 1.5}), "wrong-type"),
    "a list for an object": (b"[]", "wrong-type"),
    "two objects": (message() + message(), "invalid-json"),
    "half a surrogate pair": (message().replace(b'"idp"', b'"\\ud800"'), "invalid-json"),
    "a byte order mark": (b"\xef\xbb\xbf" + message(), "invalid-json"),
    "a country in lower case": (message(origin={"country": "jp"}), "invalid-value"),
    "another version of CloudEvents": (_changed(specversion="0.3"), "invalid-value"),
    "a number for a time": (_changed(time=1), "wrong-type"),
    "too many fields": (message(records={"fields": ["f"] * 10_001}), "too-long"),
    "too long a key of details": (message(ACT, details={"k" * 300: "v"}), "too-long"),
    "a nesting that just fits": (_nested(150), None),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "reason"), MORE.values(), ids=MORE.keys())
def test_rarer_cases(raw: bytes, reason: str | None) -> None:
    if reason is None:
        assert isinstance(read_by_contract(raw), AccessEvent)
        return
    with pytest.raises(MessageError) as caught:
        read_by_contract(raw)
    assert caught.value.reason == reason


def test_every_reason_is_documented() -> None:
    assert set(CASES) | {reason for _, reason in MORE.values() if reason} | {"too-many-events", "tombstone"} == set(
        REASONS
    )


@pytest.mark.parametrize(
    "raw",
    [
        message(origin={"country": "SECRET"}),
        message(action="SECRET"),
        message(ACT, details={"SECRET" * 60: "x"}),
        message(ACT, details={"SECRET": 5}),
        _changed(type="SECRET"),
        _changed(time="SECRET"),
        b'{"SECRET": SECRET}',
        b'"SECRET',
        message(records={"SECRET": 1, "count": "SECRET"}),
    ],
)
def test_the_text_of_an_error_never_holds_contents(raw: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        read_by_contract(raw)

    assert "SECRET" not in str(caught.value)


def test_all_problems_of_a_message_are_named_up_to_five() -> None:
    with pytest.raises(MessageError, match=r"specversion .*; and 2 more"):
        read_by_contract(
            b'{"type": "io.ashiato.access.v1", "specversion": 1, "id": 1, "source": 1, "subject": 1, "time": 1, "data": {"actor": 1, "asset": {}}}'
        )


def test_the_column_of_a_syntax_error_counts_from_the_line_that_the_message_begins_on() -> None:
    with pytest.raises(MessageError) as caught:
        read_by_contract(b'{\n  "id": x}', 40)

    assert dead_letter_text(caught.value).startswith("line 41, column 9: ")


def test_the_column_of_a_wrong_byte_is_told() -> None:
    with pytest.raises(MessageError, match=r"^3:3: "):
        read_by_contract(b"{\n\n  \xff}")


def test_a_nested_list_is_named_by_its_index() -> None:
    assert field_path(("io.ashiato.access.v1", "data", "records", "fields", 3)) == "data.records.fields[3]"
    assert field_path(("io.ashiato.act.v1", "data", "details", "secret", "[key]")) == "data.details.*"
    assert field_path(()) == "the message"


def test_what_the_contract_reads_is_given_as_a_struct_with_canonical_times() -> None:
    found = read_by_contract(message(TRANSFER, destination={"temporary": {"until": "2026-11-02t00:00:00.1234567z"}}))

    assert isinstance(found, TransferEvent)
    assert found.time == "2026-11-01T00:00:00Z"
    assert found.data.destination.temporary is not None
    assert found.data.destination.temporary.until == "2026-11-02T00:00:00.123456Z"


def test_of_duplicate_keys_the_last_counts() -> None:
    found = read_by_contract(message().replace(b'"id": "e1"', b'"id": 5, "id": "e2"'))

    assert found.id == "e2"


def test_json_is_checked_without_the_contract() -> None:
    check_json(b'{"any": [1, 2.5, null]}')
    with pytest.raises(MessageError, match="no JSON text"):
        check_json(b"{,}")
    assert json.loads(message())["type"] == ACCESS
