from pathlib import Path
from typing import Any

import pytest

from schemas.errors import ManyErrors, RegisterError
from services.yaml_files import MAX_BYTES, parse_yaml, read_yaml, resolve


def parsed(text: str | bytes) -> Any:
    return parse_yaml(text.encode() if isinstance(text, str) else text, "f.yaml", RegisterError).data


def refused(text: str | bytes) -> str:
    with pytest.raises((RegisterError, ManyErrors)) as caught:
        parsed(text)
    return str(caught.value)


def test_norway_stays_norway() -> None:
    assert parsed("country: NO") == {"country": "NO"}
    assert parsed("{NO: NO, on: off, y: n, Yes: no}") == {"NO": "NO", "on": "off", "y": "n", "Yes": "no"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None), ("", None), ("null", None), ("true", True), ("FALSE", False), ("12", 12), ("-7", -7), ("+7", 7),
        ("0o17", 15), ("0x1F", 31), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("1e999", "1e999"), (".inf", ".inf"),
        (".nan", ".nan"), ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("2026-04-01", "2026-04-01"), ("0b1", "0b1"),
        ("010", 10), ("１２", "１２"), ("TRue", "TRue"),
    ],
)  # fmt: skip
def test_plain_texts_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quoted_and_tagged_texts_stay_texts() -> None:
    assert parsed("a: '1'\nb: \"true\"\nc: !!str 3\nd: |\n  4\n") == {"a": "1", "b": "true", "c": "3", "d": "4\n"}


def test_keys_are_always_texts() -> None:
    assert parsed("{1: a, true: b, null: c}") == {"1": "a", "true": "b", "null": "c"}


def test_equal_keys_are_all_told() -> None:
    text = refused("a: 1\na: 2\nb: {x: 1, x: 2}")
    assert 'f.yaml:2:1: the key "a" stands twice in one mapping: the first is at 1:1' in text
    assert 'f.yaml:3:11: the key "x" stands twice' in text


def test_places_are_those_of_values_and_keys() -> None:
    file = parse_yaml("住所:\n  - {k: v}\n".encode(), "f.yaml", RegisterError)
    assert str(file.place_of(("住所", 0, "k"))) == "f.yaml:2:9"
    assert str(file.place_of_key(("住所", 0, "k"))) == "f.yaml:2:6"
    assert str(file.place_of(("住所", 0, "missing"))) == "f.yaml:2:5"
    assert str(file.place_of(("住所", 7))) == "f.yaml:2:3"


def test_aliases_repeat_values() -> None:
    assert parsed("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}


def test_a_billion_laughs_end_early() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than 1,000,000 values" in refused("\n".join(lines))


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "&a [" * 50 + "]" * 50])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nested deeper than 32" in refused(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"a: \xff", "f.yaml:1:4: the text is not UTF-8"),
        ("a: é\nb: ".encode() + b"\x80", "f.yaml:2:4: the text is not UTF-8"),
        (b"a: \x00", "f.yaml:1:4: a character here is not allowed in YAML"),
        (b"a: 1\nb: \x07", "f.yaml:2:4: a character here is not allowed in YAML"),
        (b"a: [1", "f.yaml:2:1: this is no YAML"),
        (b"a: b: c", "f.yaml:1:5: this is no YAML"),
        (b"a:\n\t- b", "f.yaml:2:1: this is no YAML"),
        (b"a: 1\n---\nb: 1", "f.yaml:2:1: a second document begins here"),
        (b"a: *x", "f.yaml:1:4: the alias *x has no anchor"),
        (b"a: &a [*a]", "f.yaml:1:8: the alias *a has no anchor"),
        (b"a: !!python/object:os.system x", "f.yaml:1:4: a tag is not allowed"),
        (b"a: !x [1]", "f.yaml:1:4: a tag is not allowed"),
        (b"? [a]\n: b", "f.yaml:1:3: a key must be a plain text"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_at_its_place(text: bytes, reason: str) -> None:
    assert refused(text).replace("\n  ", " ").find(reason) >= 0


def test_a_byte_order_mark_and_an_empty_file_are_no_errors() -> None:
    assert parsed(b"\xef\xbb\xbfa: 1") == {"a": 1}
    assert parsed(b"") is None
    assert parsed(b"# only a comment\n") is None


def test_too_large_a_file_is_refused_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 4)
    with pytest.raises(RegisterError, match="larger than 16 MiB"):
        read_yaml(path, RegisterError)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match="no such file"):
        read_yaml(tmp_path / "none.yaml", RegisterError)
    with pytest.raises(RegisterError, match="directory"):
        read_yaml(tmp_path, RegisterError)
