import datetime as dt
import gc
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import UsageError
from schemas.events import GRANT, MAX_MESSAGE_BYTES
from schemas.facts import EVENT, POSITION
from streams.batch import DEAD_LETTER_SCHEMA, Oversize, RawBatch
from streams.decode import decode
from tests.support.cloudtrail import plain
from tests.support.events import batch, event, message


def _at(time: str) -> bytes:
    return json.dumps({**event(), "time": time}).encode()


def test_a_bad_message_loses_only_itself() -> None:
    good = message()
    decoded = decode(batch([good, b"{", good, b"\xff", good]))

    assert decoded.events["position.offset"].to_list() == [0, 2, 4]
    assert decoded.dead_letters["offset"].to_list() == [1, 3]
    assert decoded.dead_letters["reason"].to_list() == ["invalid-json", "invalid-utf8"]
    assert decoded.dead_letters["raw"].to_list() == [b"{", b"\xff"]
    assert decoded.dead_letters["bytes"].to_list() == [1, 1]
    assert decoded.dead_letters["text"][0].startswith("line 2, column 1: the message is no JSON text")


def test_frames_have_the_columns_of_the_contract_even_when_empty() -> None:
    for messages in ([], [message()], [b"x"]):
        decoded = decode(batch(messages))
        names = [column.name for column in (*POSITION, *EVENT)]
        assert decoded.events.columns == [*names, "raw", "event.content"]
        assert tuple(decoded.dead_letters.columns) == DEAD_LETTER_SCHEMA
    assert decode(batch([])).events.schema == decode(batch([message()])).events.schema


def test_an_event_carries_its_position_and_its_bytes() -> None:
    decoded = decode(batch([message()])).events

    assert decoded.select(column.name for column in POSITION).row(0) == ("file:test#0", 0, 0, 0)
    assert decoded["raw"].to_list() == [message()]


def test_times_of_1970_and_in_ten_years_are_evidence() -> None:
    decoded = decode(batch([_at("1970-01-01T00:00:00Z"), _at("2036-11-01T00:00:00Z")]))

    assert decoded.events["event.time"].to_list() == [
        dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2036, 11, 1, tzinfo=dt.UTC),
    ]


def test_nanoseconds_are_cut_not_rounded() -> None:
    decoded = decode(batch([_at("2026-11-01T00:00:00.999999999Z")]))

    assert decoded.events["event.time"].to_list() == [dt.datetime(2026, 11, 1, 0, 0, 0, 999_999, tzinfo=dt.UTC)]


def test_of_duplicate_keys_the_last_counts_at_every_level() -> None:
    raw = (
        message()
        .replace(b'"id": "e1"', b'"id": 7, "id": "e1", "id": "e2"')
        .replace(b'"subject": "u1"', b'"subject": "u0", "subject": "u9"')
    )
    decoded = decode(batch([raw])).events

    assert decoded.select("event.id", "actor.subject").row(0) == ("e2", "u9")


def test_of_a_duplicate_type_the_last_counts() -> None:
    raw = message(GRANT).replace(b'"type": ', b'"type": "io.ashiato.access.v1", "type": ')

    assert decode(batch([raw])).events["event.kind"].to_list() == ["grant"]


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (b"[" * 230 + b"]" * 230, "nesting-too-deep"),
        (b'{"a":' * 230 + b"1" + b"}" * 230, "nesting-too-deep"),
        (b"[0," * 230 + b"1" + b"]" * 230, "nesting-too-deep"),
        (b"9" * 5_000, "number-out-of-range"),
        (b'"\xff"', "invalid-utf8"),
        (b'"\0"', "nul-byte"),
    ],
)
def test_what_nobody_reads_is_looked_at_too(inside: bytes, reason: str) -> None:
    raw = message().replace(b'"data"', b'"unknown": ' + inside + b', "data"')

    assert decode(batch([message(), raw])).dead_letters["reason"].to_list() == [reason]


def test_unknown_keys_and_long_blanks_are_no_error() -> None:
    raw = json.dumps({**event(), "unknown": {"a": [1, 2.5, None, float("nan")]}}, indent=60).encode()

    assert len(decode(batch([raw])).events) == 1


def test_a_message_above_the_limit_is_a_dead_letter_with_its_head() -> None:
    raw = message(purpose="x" * 10) + b" " * MAX_MESSAGE_BYTES
    letter = decode(batch([raw, message()])).dead_letters.row(0, named=True)

    assert letter["reason"] == "message-too-large"
    assert letter["bytes"] == len(raw)
    assert letter["raw"] == raw[: 1 << 16]


def test_a_message_that_nobody_could_hold_is_a_dead_letter_in_its_place() -> None:
    large = Oversize(offset=1, line=2, length=50 << 20, head=b'{"x": "', sha256=bytes(32))
    read = batch([message(), b"{"], oversize=[large])
    read.offsets[1] = 2

    letters = decode(read).dead_letters

    assert letters["offset"].to_list() == [1, 2]
    assert letters["reason"].to_list() == ["message-too-large", "invalid-json"]
    assert letters["bytes"].to_list() == [50 << 20, 1]
    assert "line 2: the message is too large: 52,428,800 bytes" in letters["text"][0]


def test_odd_but_valid_messages_keep_the_order_of_the_batch() -> None:
    messages = [_at("2026-11-01t00:00:00z"), message(), _at("2026-11-01T00:00:00.12345678901Z"), message(GRANT)]

    decoded = decode(batch(messages))

    assert decoded.events["position.offset"].to_list() == [0, 1, 2, 3]
    assert decoded.events["raw"].to_list() == messages
    assert decoded.dead_letters.height == 0


def test_gaps_in_offsets_are_kept() -> None:
    read = batch([message(), message()])
    read.offsets[:] = [3, 9]

    assert decode(read).events["position.offset"].to_list() == [3, 9]


def test_an_unknown_format_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match="known are native, cloudtrail"):
        decode(batch([message()], "syslog"))


BROKEN_RECORD = json.dumps(
    {"Records": [plain("s3:GetObject"), 17, {**plain("s3:GetObject"), "eventTime": "soon"}]}
).encode()


@pytest.mark.parametrize(
    ("form", "bad"), [("native", b"{"), ("native", b""), ("native", b"\xff"), ("native", message(action="fly")),
                      ("cloudtrail", b"{"), ("cloudtrail", BROKEN_RECORD)],
)  # fmt: skip
def test_what_cannot_be_read_does_not_keep_its_batch_until_garbage_is_collected(form: str, bad: bytes) -> None:
    """An error that is kept leads to the frames it came through, and those to everything that they hold."""
    gc.collect()
    gc.disable()
    try:
        with ThreadPoolExecutor(1) as thread:  # as in a recorder: the thread's own frames are in the chain
            assert len(thread.submit(decode, batch([message(), bad, message()], form)).result().dead_letters)
        left = [one for one in gc.get_objects() if isinstance(one, RawBatch)]
        assert not [one for one in left if bad in one.messages]
    finally:
        gc.enable()
