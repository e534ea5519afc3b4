"""A rule file is read with the place of everything in it, or refused at its place."""

import datetime as dt

import pytest

from schemas.errors import Place, RuleError
from streams.sigma.documents import MAX_TEXT, Mapping, Sequence, Value, plain, read_document


def test_values_keep_their_places() -> None:
    document = read_document("title: a\ndetection:\n  sel: [x, 1]\n", "r.yml")
    assert document.place_of("detection") == Place("r.yml", 2, 1)
    detection = document.get("detection")
    assert isinstance(detection, Mapping)
    [(key, values)] = detection.pairs
    assert key == Value(Place("r.yml", 3, 3), "sel")
    assert isinstance(values, Sequence)
    assert [item.place for item in values.items] == [Place("r.yml", 3, 9), Place("r.yml", 3, 12)]


def test_a_missing_key_stands_at_its_mapping() -> None:
    document = read_document("\ntitle: a\n", "r.yml")
    assert document.get("name") is None
    assert document.place_of("name") == Place("r.yml", 2, 1)


def test_values_are_those_of_yaml_1_1() -> None:
    text = "{a: 1, b: 1.5, c: NO, d: ~, e: 2026-01-02, f: 'x', g: [1, {h: 0x10}]}"
    assert plain(read_document(text, "r.yml")) == {
        "a": 1, "b": 1.5, "c": False, "d": None, "e": dt.date(2026, 1, 2), "f": "x", "g": [1, {"h": 16}],
    }  # fmt: skip


def test_an_alias_stands_for_its_value() -> None:
    assert plain(read_document("a: &x [1]\nb: *x\n", "r.yml")) == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "r.yml:1:1", "no YAML mapping"),
        ("# nothing\n", "r.yml:1:1", "no YAML mapping"),
        ("- a\n", "r.yml:1:1", "no YAML mapping"),
        ("a: 1\nb: 2\na: 3\n", "r.yml:3:1", "'a' occurs twice"),
        ("a:\n  b: 1\n  b: 2\n", "r.yml:3:3", "'b' occurs twice"),
        ("a: [\n", "r.yml:2:1", "did not find expected node content"),
        ("a: 1\n---\nb: 2\n", "r.yml:2:1", "expected a single document"),
        ("\ta: 1\n", "r.yml:1:1", "cannot start any token"),
        ("a: \x00\n", "r.yml", "control characters"),
        ("a: !!python/name:os.system x\n", "r.yml:1:4", "could not determine a constructor"),
        ("a: 2026-99-99\n", "r.yml:1:4", "month must be in"),
        ('a: "\\ud800"\n', "r.yml:1:7", "invalid Unicode character"),
        ("1: a\n", "r.yml:1:1", "key is no text"),
        ("? [a]\n: b\n", "r.yml:1:3", "key is no text"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n", "r.yml:3:3", "merge key"),
        ("a: &x [*x]\n", "r.yml:1:4", "inside each other"),
        ("a: " + "[" * 500 + "]" * 500, "r.yml:1:43", "inside each other"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(text: str, place: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        read_document(text, "r.yml")
    assert str(refused.value.where) == place
    assert reason in str(refused.value)


def test_aliases_cannot_blow_a_small_file_up() -> None:
    bomb = ["a: &a [" + "x, " * 20 + "]"]
    bomb += [f"{name}: &{name} [" + f"*{before}, " * 20 + "]" for before, name in ("ab", "bc", "cd", "de")]
    with pytest.raises(RuleError, match="more than 20000 values"):
        read_document("\n".join(bomb), "r.yml")


def test_a_file_is_bounded_in_size() -> None:
    with pytest.raises(RuleError, match="too large"):
        read_document("a: " + "x" * MAX_TEXT, "r.yml")


def test_a_deep_file_is_refused_without_using_up_the_stack() -> None:
    with pytest.raises(RuleError):
        read_document("a: " + "[" * 100_000, "r.yml")
