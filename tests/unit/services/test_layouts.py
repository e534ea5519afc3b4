import pytest

from services.layouts import is_object, layout_of

LINES = b'{"id": 1}\n{"id": 2}\n'


@pytest.mark.parametrize("chunk", [1, 5, 1000])
@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (LINES, None),
        (b'{"id": 1}', None),
        (b"", None),
        (b"\n\n" + LINES, None),
        (b"[1]", "array"),
        (b'\n [\n{"id": 1}', "array"),
        (b'{"Records":[', "records"),
        (b'{\n  "Records" : [\n', "records"),
        (b'{\n  "id": 1\n}\n', "sequence"),
        (b'{"id": 1,\n "x": 2}\n', "sequence"),
        (b'{"id": \n{"id": 2}\n', None),
        (b'{"id": 1,\n{"id": 2}\n', None),
        (b'rubbish\n{"id": 2}\n', None),
        (b'{"Recordings": [1]}\n', None),
    ],
)
def test_the_layout_is_told_by_the_beginning_however_it_arrives(text: bytes, layout: str | None, chunk: int) -> None:
    chunks = iter([text[begin : begin + chunk] for begin in range(0, len(text), chunk)])

    head, found = layout_of(chunks)

    assert found == layout
    assert head + b"".join(chunks) == text


def test_no_more_is_read_than_it_takes() -> None:
    def chunks() -> object:
        yield LINES
        raise AssertionError("read on although all was clear")

    assert layout_of(iter(chunks()))[1] is None  # type: ignore[call-overload]


def test_a_first_line_without_end_is_not_read_for_ever() -> None:
    head, layout = layout_of(iter([b'{"x": "' + b"y" * 40_000] * 1000))

    assert len(head) < 200_000
    assert layout is None


@pytest.mark.parametrize(
    ("message", "yes"), [(b'{"a":1}', True), (b"{}", False), (b"[]", False), (b"{", False), (b"\xff", False)]
)
def test_an_object_has_keys(message: bytes, yes: bool) -> None:  # noqa: FBT001
    assert is_object(message) == yes
