"""The gateway and the recorder must agree, whatever comes and in whatever mode it comes."""

from __future__ import annotations

import json
from typing import Any, NoReturn
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import MessageError
from schemas.events import ACCESS, ACT, GRANT, MAX_MESSAGE_BYTES, TRANSFER
from services.gateway_bindings import binary_message, messages_of
from services.gateway_checks import check_events
from services.gateway_problems import REASONS as OURS
from services.gateway_problems import Fault, of_faults
from services.gateway_producers import Producer
from streams.decode import decode
from streams.verdicts import REASONS
from tests.support.events import MESSAGES, batch, odd_events, valid_events, written

ANYBODY = Producer(name="p", source_prefix="/", tokens=("0" * 64,), types=(ACCESS, TRANSFER, GRANT, ACT))
JSON = (b"content-type", b"application/json")
ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject", "unknown")


@given(st.lists(MESSAGES, max_size=6))
def test_the_gateway_accepts_what_the_recorder_reads_and_gives_its_reason_for_the_rest(messages: list[bytes]) -> None:
    accepted, faults = check_events(messages, ANYBODY, MAX_MESSAGE_BYTES)

    decoded = decode(batch(messages))
    foreign = [fault.event for fault in faults if fault.reason == "source-not-allowed"]
    refused = {fault.event: fault.reason for fault in faults if fault.event not in foreign}
    assert refused == dict(decoded.dead_letters.select("offset", "reason").iter_rows())
    read = dict(decoded.events.select("position.offset", "event.source").iter_rows())
    assert [messages[offset] for offset in read if offset not in foreign] == [one.value for one in accepted]
    assert [one.key.partition(b"\n")[0].decode() for one in accepted] == [
        source for offset, source in read.items() if offset not in foreign
    ]


@given(st.lists(MESSAGES, min_size=1, max_size=3))
def test_a_problem_can_always_be_written_and_names_known_reasons_only(messages: list[bytes]) -> None:
    _, faults = check_events(messages, ANYBODY, MAX_MESSAGE_BYTES)
    if not faults:
        return
    found = json.loads(of_faults(faults, len(messages)).body())

    assert 400 <= found["status"] < 500
    assert {one["reason"] for one in found["errors"]} <= REASONS.keys() | OURS.keys()
    assert [one["event"] for one in found["errors"]] == [fault.event for fault in faults]


def _attributes(event: dict[str, Any]) -> dict[str, str]:
    """Return what the binary mode can say of an event's attributes: texts."""
    return {name: event[name] for name in ATTRIBUTES if isinstance(event.get(name), str)}


@given(valid_events() | odd_events(), st.data())
def test_the_binary_mode_says_the_same_as_the_structured_one(event: dict[str, Any], data: st.DataObject) -> None:
    attributes = _attributes(event)
    body = data.draw(written(event["data"])) if isinstance(event.get("data"), dict) else b""
    try:
        headers = [(f"ce-{name}".encode(), quote(text).encode()) for name, text in attributes.items()]
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
        return
    head = json.dumps(attributes).encode()
    structured = b'%b,"data":%b}' % (head[:-1], body) if body and attributes else head
    if body and _is_no_json(body):  # the structured mode has no place for it either
        return
    try:
        binary = binary_message([JSON, *headers], body)
    except MessageError:  # beyond a limit of the parser, and so is the whole
        assert not len(decode(batch([structured])).events)
        return

    ours, theirs = decode(batch([binary])), decode(batch([structured]))
    assert ours.events.drop("raw").equals(theirs.events.drop("raw"))
    assert ours.dead_letters["reason"].equals(theirs.dead_letters["reason"])


@given(st.binary(max_size=30), st.dictionaries(st.sampled_from(ATTRIBUTES), st.text(max_size=8), max_size=3))
def test_no_body_changes_an_attribute(body: bytes, attributes: dict[str, str]) -> None:
    try:
        headers = [(f"ce-{name}".encode(), quote(text).encode()) for name, text in attributes.items()]
        found = json.loads(binary_message([JSON, *headers], body))
    except (MessageError, UnicodeEncodeError, ValueError):
        return
    assert {name: text for name, text in found.items() if name not in {"data", "datacontenttype"}} == attributes


@given(st.lists((valid_events() | odd_events()).flatmap(written), max_size=4), st.sampled_from([b"", b" ", b"\n\t"]))
def test_a_batch_holds_the_bytes_of_its_events(messages: list[bytes], blank: bytes) -> None:
    whole = b"[" + b",".join(blank + one + blank for one in messages) + b"]"
    try:
        found = messages_of("batch", [], whole, 10)
    except MessageError:
        assert any(_is_no_json(one) for one in messages)
        return
    if not any(_is_no_json(one) for one in messages):
        assert [one.strip() for one in found] == [one.strip() for one in messages]


def _is_no_json(message: bytes) -> bool:
    try:
        json.loads(message, parse_constant=_refused)
    except ValueError:
        return True
    return False


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and infinite numbers, which Python reads all the same


@given(
    st.lists(st.builds(Fault, st.integers(0, 5), st.sampled_from(sorted(OURS)), st.just(()), st.just("x")), min_size=1)
)
def test_only_a_request_whose_events_are_all_readable_is_told_that_it_may_not(faults: list[Fault]) -> None:
    reasons = {fault.reason for fault in faults}
    assert (of_faults(faults, 9).status == 403) is (reasons <= {"source-not-allowed", "type-not-allowed"})
