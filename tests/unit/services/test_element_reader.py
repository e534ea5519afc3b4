import json
from typing import Any

import pytest

from schemas.events import MAX_MESSAGE_BYTES
from services.element_reader import ElementReader, Layout
from streams.batch import Oversize

EVENTS: list[Any] = [{"a": 1}, {"b": ["]", "}", '"', "\\", "é", {"c": [[]]}]}, {}, {"d": 'x\\\\"{['}]


def _read(text: bytes, layout: Layout, chunk: int = 5) -> tuple[ElementReader, list[tuple[int, int, bytes | Oversize]]]:
    reader = ElementReader((text[begin : begin + chunk] for begin in range(0, len(text), chunk)), layout)
    return reader, [one for run in reader for one in zip(*run, strict=True)]


def _texts(text: bytes, layout: Layout, chunk: int = 5) -> list[bytes | Oversize]:
    return [message for _, _, message in _read(text, layout, chunk)[1]]


@pytest.mark.parametrize("chunk", [1, 2, 3, 11, 10_000])
@pytest.mark.parametrize("indent", [None, 0, 3])
def test_elements_are_found_however_the_text_is_broken(chunk: int, indent: int | None) -> None:
    array = json.dumps(EVENTS, indent=indent).encode()
    wrapper = json.dumps({"Records": EVENTS, "more": {"z": ["]}"]}}, indent=indent).encode()
    sequence = b"\n".join(json.dumps(one, indent=indent).encode() for one in EVENTS)

    for text, layout in (
        (array, "array"),
        (array + array, "array"),
        (wrapper, "records"),
        (wrapper * 2, "records"),
        (sequence, "sequence"),
    ):
        found = [json.loads(str(one, "utf-8")) for one in _texts(text, layout, chunk) if isinstance(one, bytes)]  # type: ignore[arg-type]
        assert found == EVENTS * (len(found) // len(EVENTS))
        assert found


def test_offsets_count_elements_and_lines_tell_where_they_begin() -> None:
    reader, found = _read(b'[\n {"a":\n1},\n\n {"b":2}, 7\n]\n', "array")

    assert found == [(0, 2, b'{"a":\n1}'), (1, 5, b'{"b":2}'), (2, 5, b"7\n")]
    assert (reader.end, reader.waiting) == (3, 0)


def test_an_empty_array_has_no_elements() -> None:
    assert _texts(b" [ ] \n", "array") == []
    assert _texts(b'{"Records": []}', "records") == []


@pytest.mark.parametrize("cut", [b'{"b": [1', b'{"b": "x', b'{"b": "x\\', b"12", b"{"])
def test_a_cut_last_element_waits(cut: bytes) -> None:
    reader, found = _read(b'[{"a":1},' + cut, "array")

    assert [message for _, _, message in found] == [b'{"a":1}']
    assert (reader.end, reader.waiting) == (1, len(cut))


def test_an_array_that_is_still_written_gives_its_whole_elements() -> None:
    reader, found = _read(b'[{"a":1},\n{"b":2}', "array")

    assert len(found) == 2
    assert reader.waiting == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'[{"a":1}, xx, {"b":2}]', [b'{"a":1}', b"xx", b'{"b":2}']),
        (b'[{"a":1}, {"x":[1}, {"b":2}]', [b'{"a":1}', b'{"x":[1}', b'{"b":2}']),
        (b'[{"a":1},\n{"x": "y},\n{"b":2}\n]', [b'{"a":1}', b'{"x": "y},\n{"b":2}\n']),
        (b'[{"a":1},\n{"x": "y\n},\n{"b":2}\n]', [b'{"a":1}', b'{"x": "y\n}', b'{"b":2}']),
        (b'[{"a":1}, \xff\xfe, {"b":2}]', [b'{"a":1}', b"\xff\xfe", b'{"b":2}']),
        (b'[{"a":1}, {"x":"\xff"}, {"b":2}]', [b'{"a":1}', b'{"x":"\xff"}', b'{"b":2}']),
        (b'[{"a":1},,{"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'[{"a":1} {"b":2}]', [b'{"a":1}', b'{"b":2}']),
        (b'[{"a":1}, }, {"b":2}]', [b'{"a":1}', b"}", b'{"b":2}']),
        (b'[{"a":1}, {"x":, "y" ]', [b'{"a":1}', b'{"x":, "y" ']),
        (b'[{"a":1}]\nrubbish\n[{"b":2}]', [b'{"a":1}', b"rubbish", b'{"b":2}']),
    ],
)
def test_a_damaged_element_is_one_message_and_reading_goes_on(text: bytes, found: list[bytes]) -> None:
    for chunk in (1, 4, 1000):
        assert _texts(text, "array", chunk) == found


def test_an_object_between_wrappers_is_a_message() -> None:
    assert _texts(b'{"Records":[{"a":1}]}\n{"x":[2]}\n{"Records":[{"b":2}]}', "records") == [
        b'{"a":1}',
        b'{"x":[2]}',
        b'{"b":2}',
    ]


def test_an_element_above_the_limit_is_told_without_being_held() -> None:
    large = b'{"x":"' + b"y" * (MAX_MESSAGE_BYTES * 2) + b'"}'
    found = _texts(b'[{"a":1},' + large + b',{"b":2}]', "array", 1 << 16)

    assert [found[0], found[2]] == [b'{"a":1}', b'{"b":2}']
    assert isinstance(found[1], Oversize)
    assert (found[1].offset, found[1].length) == (1, len(large))


def test_at_rest_means_that_nothing_is_open() -> None:
    for text, rest in ((b'{"a":"}', False), (b'{"a":"}"}', True), (b"{} x", False), (b"", True), (b"[1", False)):
        reader = ElementReader([])
        reader.advance(text)
        assert reader.at_rest == rest
