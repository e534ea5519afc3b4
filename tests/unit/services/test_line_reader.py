import hashlib

import pytest

from schemas.events import MAX_MESSAGE_BYTES
from services.line_reader import LineReader
from streams.batch import Oversize


def _read(text: bytes, chunk: int = 7) -> tuple[LineReader, list[tuple[int, int, bytes | Oversize]]]:
    reader = LineReader(text[begin : begin + chunk] for begin in range(0, len(text), chunk))
    return reader, [one for run in reader for one in zip(*run, strict=True)]


@pytest.mark.parametrize("chunk", [1, 2, 7, 1000])
def test_lines_are_messages_and_blank_ones_have_offsets_only(chunk: int) -> None:
    reader, found = _read(b'{"a":1}\r\n\n \t\r\n{"b":2}\n\n', chunk)

    assert found == [(0, 1, b'{"a":1}'), (3, 4, b'{"b":2}')]
    assert (reader.end, reader.waiting) == (5, 0)


@pytest.mark.parametrize("last", [b'{"b":', b'{"b":2', b"12", b"tru", b'"text', b'{"b":"}', b"{} 1", b"x"])
def test_a_cut_last_line_waits(last: bytes) -> None:
    reader, found = _read(b'{"a":1}\n' + last)

    assert found == [(0, 1, b'{"a":1}')]
    assert (reader.end, reader.waiting) == (1, len(last))


@pytest.mark.parametrize("last", [b'{"b":{"c":"}"}}', b"[1]", b' {"b":2} ', b'{"b":2}\r'])
def test_a_last_line_that_is_whole_needs_no_line_feed(last: bytes) -> None:
    reader, found = _read(b'{"a":1}\n' + last)

    assert found[1] == (1, 2, last.removesuffix(b"\r"))
    assert (reader.end, reader.waiting) == (2, 0)


def test_blanks_at_the_end_wait_for_nothing() -> None:
    reader, found = _read(b'{"a":1}\n  ')

    assert (len(found), reader.end, reader.waiting) == (1, 1, 0)


@pytest.mark.parametrize("chunk", [1000, 1 << 18, 1 << 24])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_line_above_the_limit_is_told_without_being_held(chunk: int, ending: bytes) -> None:
    large = b'{"x":"' + b"y" * (3 << 20) + b'"}'
    reader, found = _read(b'{"a":1}' + ending + large + ending + b'{"b":2}' + ending, chunk)

    assert [one for _, _, one in (found[0], found[2])] == [b'{"a":1}', b'{"b":2}']
    assert found[1] == (1, 2, Oversize(1, 2, len(large), large[: 1 << 16], hashlib.sha256(large).digest()))
    assert reader.end == 3


def test_the_limit_itself_is_within_it() -> None:
    exact = b"x" * MAX_MESSAGE_BYTES
    _, found = _read(exact + b"\n" + exact + b"y\n", 1 << 18)

    assert found[0][2] == exact
    assert isinstance(found[1][2], Oversize)


@pytest.mark.parametrize(("end", "waiting"), [(b"", False), (b"}", True), (b"  ", False)])
def test_a_last_line_above_the_limit_waits_unless_it_is_whole(end: bytes, waiting: bool) -> None:  # noqa: FBT001
    last = b'{"x":"' + b"y" * (2 << 20) + b'"'
    last += b"" if waiting else b"}"
    reader, found = _read(b"{}\n" + last + (b"" if waiting else end), 1 << 18)

    assert len(found) == (1 if waiting else 2)
    assert (reader.waiting > 0) == waiting
