"""What people hand over is taken as they mean it: one event, an array, one a line."""

import gzip
import json
from pathlib import Path

import pytest

from schemas.errors import Place, UsageError
from schemas.interpretations import Interpretations
from services import preflight
from services.preflight import MAX_MESSAGES, against, batch_of, current_versions, messages_in
from streams.register_versions import EMPTY_REGISTER, content_sha256
from tests.support.flagged import REGISTER, TRANSFER, flagged_store
from tests.support.registers import register_of
from tests.support.stores import NOW

WHERE = Place("event.json")


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (b'{"a": 1}', [b'{"a": 1}']),
        (b'\n {"a": 1}\n', [b'{"a": 1}']),
        (b'{\n  "a": 1\n}\n', [b'{\n  "a": 1\n}']),
        (b'{"a": 1}\n\n{"b": 2}\n', [b'{"a": 1}', b'{"b": 2}']),
        (b'{"a": 1}\r\n{"b"', [b'{"a": 1}', b'{"b"']),
        (b'[{"a": 1},\n {"b": "\\u3042"}]', [b'{"a": 1}', b'{"b": "\\u3042"}']),
        (b'[{"a": 1}', [b'[{"a": 1}']),
        (b'{\n "a": 1,\n}', [b'{\n "a": 1,\n}']),
        (b"\xff\xfe", [b"\xff\xfe"]),
    ],
)
def test_messages_are_taken_apart_as_they_are_meant(content: bytes, messages: list[bytes]) -> None:
    assert messages_in(content, WHERE)[0] == messages


def test_a_message_on_a_line_of_its_own_is_known_by_its_line() -> None:
    assert messages_in(b'\n{"a": 1}\n\n{"b": 2}\n', WHERE)[1] == [2, 4]
    assert messages_in(b'{"a":\r1}\n{"b": 2}', WHERE)[1] == [1, 2]
    assert messages_in(b'{\n"a": 1}', WHERE)[1] is None


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"[]"])
def test_nothing_is_no_event(content: bytes) -> None:
    with pytest.raises(UsageError, match="no event"):
        messages_in(content, WHERE)


def test_logs_are_sent_to_ingest() -> None:
    with pytest.raises(UsageError, match="too many") as error:
        messages_in(b"{}\n" * (MAX_MESSAGES + 1), WHERE)
    assert "ingest" in error.value.todo
    assert len(messages_in(b"{}\n" * MAX_MESSAGES, WHERE)[0]) == MAX_MESSAGES


def test_more_bytes_than_are_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MAX_BYTES", 8)
    with pytest.raises(UsageError, match="too many"):
        messages_in(b'{"a":  1}', WHERE)


def test_the_format_is_found_out_or_taken_as_said() -> None:
    cloudtrail = json.dumps({"Records": [{"eventVersion": "1.08", "eventSource": "s3.amazonaws.com",
                                          "eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z",
                                          "eventID": "x"}]}).encode()  # fmt: skip
    assert batch_of(cloudtrail, WHERE, None).format == "cloudtrail"
    assert batch_of(cloudtrail, WHERE, "native").format == "native"
    assert batch_of(b"{}", WHERE, None).format == "native"
    with pytest.raises(UsageError, match="no such log format"):
        batch_of(b"{}", WHERE, "syslog")


def test_a_compressed_file_is_one_message_that_cannot_be_read() -> None:
    assert len(messages_in(gzip.compress(b"{}"), WHERE)[0]) == 1


def test_without_a_data_directory_nothing_is_known_and_nothing_is_made(tmp_path: Path) -> None:
    assert current_versions(tmp_path / "none", NOW) == (EMPTY_REGISTER, Interpretations())
    assert list(tmp_path.iterdir()) == []


def test_the_versions_of_the_data_directory_count(tmp_path: Path) -> None:
    flagged_store(tmp_path, TRANSFER).close()
    register, settings = current_versions(tmp_path, NOW)
    assert content_sha256(register) == content_sha256(register_of(REGISTER))
    assert settings == Interpretations()


def test_keys_are_thrown_away() -> None:
    first, second = (against(EMPTY_REGISTER, Interpretations()).keys for _ in range(2))
    assert first != second
