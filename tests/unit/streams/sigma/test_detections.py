"""Detections are read as Sigma nests them, and every error in them is found."""

from typing import Any

import pytest

from schemas.errors import ManyErrors, RuleError
from streams.sigma import compile_rule
from streams.sigma.columns import rule_columns
from streams.sigma.detections import DetectionReader
from streams.sigma.documents import read_document
from streams.sigma.predicates import And, Is, Leaf, Or
from tests.support.sigma_rules import PATH, SCHEMA, hits, rule_text


def test_fields_of_a_mapping_all_have_to_match() -> None:
    rows = [{"n": 1, "m": 1}, {"n": 1, "m": 2}]
    assert hits({"n": 1, "m": 1}, *rows) == [True, False]


def test_one_mapping_of_a_list_has_to_match() -> None:
    rows = [{"n": 1}, {"m": 1}, {"n": 2}]
    assert hits([{"n": 1}, {"m": 1}], *rows) == [True, True, False]


def test_lists_nest() -> None:
    assert hits([[{"n": 1}, {"n": 2}], {"n": 3, "m": 3}], {"n": 2}, {"n": 3}, {"n": 3, "m": 3}) == [True, False, True]


def test_the_tree_names_columns_and_values() -> None:
    detection = read_document("sel: [{n: [1, 2]}, {m: 3, b: true}]", PATH).get("sel")
    assert detection is not None
    tree = DetectionReader(rule_columns(SCHEMA), {}).read(detection)
    assert tree == Or((Leaf("n", Is((1, 2))), And((Leaf("m", Is((3,))), Leaf("b", Is((True,)))))))


@pytest.mark.parametrize(
    ("selection", "column", "reason"),
    [
        ({}, 14, "The detection is empty"),
        ([], 14, "The detection is empty"),
        ("word", 14, "keyword without a field"),
        (5, 14, "keyword without a field"),
        (None, 14, "keyword without a field"),
        (["word", "other"], 5, "keyword without a field"),
        ({"|contains": "word"}, 5, "keyword without a field"),
        ({"nowhere": 1}, 5, "There is no field 'nowhere'"),
        ({"t|containz": "a"}, 5, "There is no modifier 'containz' (did you mean contains?)"),
        ({"t|": "a"}, 5, "There is no modifier ''"),
        ({"t": []}, 8, "t has no value"),
        ({"t": {"a": "b"}}, 7, "no single value"),
        ({"t": [["a"]]}, 7, "no single value"),
        ({"t|exists|neq": True}, 5, "contradict each other"),
    ],
)
def test_what_is_no_detection_is_refused_at_its_place(selection: Any, column: int, reason: str) -> None:
    text = rule_text({"selection": selection, "condition": "selection"})
    with pytest.raises((RuleError, ManyErrors)) as refused:
        compile_rule(text, PATH, SCHEMA)
    first = refused.value.errors[0] if isinstance(refused.value, ManyErrors) else refused.value
    assert reason in str(first)
    assert first.where is not None
    assert first.where.column == column, text


def test_every_error_is_found_in_one_pass() -> None:
    selection = {"t": [1, "a", True], "n|re": "5", "nowhere": 1, "b": True}
    with pytest.raises(ManyErrors) as refused:
        hits(selection)
    assert [str(error).split(": ")[0] for error in refused.value.errors] == [
        f"{PATH}:9:7", f"{PATH}:11:7", f"{PATH}:12:11", f"{PATH}:13:5",
    ]  # fmt: skip


def test_a_near_miss_is_named() -> None:
    schema = {"asset.sui": SCHEMA["b"], "asset.secrecy": SCHEMA["b"]}
    with pytest.raises(RuleError, match=r"did you mean asset\.sui or"):
        compile_rule(rule_text({"sel": {"asset.siu": True}, "condition": "sel"}), PATH, schema)
