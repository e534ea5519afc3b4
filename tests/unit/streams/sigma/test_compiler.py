"""A file becomes a rule, or all that is wrong with it."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import AshiatoError, ManyErrors, Place, RuleError
from schemas.facts import COLUMNS
from streams.sigma import compile_rule
from tests.support.sigma_rules import HEADER, PATH, SCHEMA, judged, rule_text

DETECTION: dict[str, Any] = {"sel": {"n": 1}, "condition": "sel"}

RULE = """\
title: SUI stored abroad
id: 05d7f27a-0f78-4c8d-8460-d7b5f3ecf5d4
name: XB-STORE
status: stable
level: high
description: Stored on equipment outside Japan.
author: Ashiato
date: 2026-01-05
logsource: {product: ashiato}
tags: [ord.22-2-no-23.item3.ro-1, question.q11]
falsepositives: [none]
ashiato: {version: 1, about: [asset], reason: {ja: 国外保存, en: stored abroad}}
tests: [{name: abroad, matches: true}]
detection:
  stored: {asset.sui: true, asset.stored: true, asset.abroad: true}
  listed: {asset.policy_lists_storage: true}
  condition: stored and not listed
"""


def _refused(text: str) -> list[AshiatoError]:
    with pytest.raises((RuleError, ManyErrors)) as refused:
        compile_rule(text, PATH, SCHEMA)
    return refused.value.errors if isinstance(refused.value, ManyErrors) else [refused.value]


def test_a_rule_over_the_catalogue_of_facts_compiles() -> None:
    rule = compile_rule(RULE, "rulebook/XB-STORE.yml", COLUMNS)
    assert rule.id == "XB-STORE"
    assert rule.fields == {"asset.sui", "asset.stored", "asset.abroad", "asset.policy_lists_storage"}
    facts = pl.DataFrame(
        {
            "asset.sui": [True, True, None, True],
            "asset.stored": [True, True, True, True],
            "asset.abroad": [True, True, True, None],
            "asset.policy_lists_storage": [None, True, None, None],
        }
    )
    assert facts.select(met=rule.conditions[0])["met"].to_list() == [True, False, False, False]


def test_each_entry_of_a_list_of_conditions_is_one_condition() -> None:
    rule = compile_rule(
        rule_text({"one": {"n": 1}, "two": {"m": 1}, "condition": ["one", "one and two"]}), PATH, SCHEMA
    )
    assert judged(rule, [{"n": 1, "m": 1}, {"n": 1}]) == [[True, True], [True, False]]


def test_keys_of_our_own_are_let_through() -> None:
    compile_rule(rule_text(DETECTION, ashiato={"version": 1}, tests=[{"a": 1}], runbook="x"), PATH, SCHEMA)


@pytest.mark.parametrize(
    ("key", "reason"), [("correlation", "correlations"), ("filter", "Sigma filters"), ("action", "collections")]
)
def test_another_kind_of_document_is_refused(key: str, reason: str) -> None:
    [error] = _refused(f"title: x\n{key}: {{a: b}}\n")
    assert error.where == Place(PATH, 2, 1)
    assert reason in str(error)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "xb-store"}, "The rule has no id"),
        ({"name": ["XB"]}, "name must be a string"),
        ({"title": "x" * 257}, "256 characters"),
        ({"title": 5}, "title must be a string"),
        ({"id": "no uuid"}, "must be an UUID"),
        ({"id": 5}, "id is no text"),
        ({"level": "hihg"}, "not a valid Sigma rule level"),
        ({"status": "done"}, "not a valid Sigma rule status"),
        ({"date": "yesterday"}, "use yyyy-mm-dd"),
        ({"tags": ["nonamespace"]}, "tag"),
        ({"tags": "a.b"}, "must be a list"),
        ({"falsepositives": "none"}, "must be a list"),
        ({"logsource": {"product": "windows"}}, "not ours"),
        ({"logsource": {"product": "ashiato", "category": "access"}}, "not ours"),
        ({"related": [{"id": 5}]}, "wrong"),
    ],
)
def test_a_wrong_header_is_refused_at_its_key(change: dict[str, Any], reason: str) -> None:
    [key] = change
    text = rule_text(DETECTION, **change)
    error = _refused(text)[0]
    assert reason in str(error)
    assert error.where is not None
    assert error.where.line is not None
    if key != "related":
        assert text.splitlines()[error.where.line - 1].startswith(f"{key}:")


@pytest.mark.parametrize("key", ["title", "name", "logsource"])
def test_a_missing_key_is_an_error_of_the_file(key: str) -> None:
    header = {name: value for name, value in HEADER.items() if name != key}
    lines = rule_text(DETECTION, **header).splitlines(keepends=True)
    [error] = _refused("".join(line for line in lines if not line.startswith((f"{key}:", "  product:"))) if key == "logsource"
                       else "".join(line for line in lines if not line.startswith(f"{key}:")))  # fmt: skip
    assert error.where == Place(PATH, 1, 1)


@pytest.mark.parametrize(
    ("detection", "place", "reason"),
    [
        ({"sel": {"n": 1}}, "6:1", "no condition"),
        ({"sel": {"n": 1}, "condition": None}, "9:3", "no condition"),
        ({"sel": {"n": 1}, "condition": []}, "9:3", "no condition"),
        ({"sel": {"n": 1}, "condition": ["sel", 5]}, "9:3", "no condition"),
        ({"sel": {"n": 1}, "condition": {"a": "b"}}, "9:3", "no condition"),
        ({"sel": {"n": 1}, "condition": ["sel", "sel and x"]}, "11:5", "no detection 'x'"),
        ({"condition": "sel"}, "7:14", "no detection 'sel'"),
    ],
)
def test_a_wrong_condition_is_refused_at_its_place(detection: dict[str, Any], place: str, reason: str) -> None:
    error = _refused(rule_text(detection))[0]
    assert reason in str(error)
    assert str(error.where).endswith(f":{place}") or place == "6:1"


@pytest.mark.parametrize("detection", ["text", ["a"], None, 5])
def test_a_detection_that_is_no_mapping_is_refused(detection: Any) -> None:
    [error] = _refused(rule_text(detection))
    assert "no detection" in str(error)


def test_all_errors_of_a_file_come_in_the_order_of_their_places() -> None:
    text = rule_text({"sel": {"nowhere": 1, "n": "x"}, "condition": "sel or other"}, level="hihg", name="x")
    places = [error.where for error in _refused(text)]
    assert len(places) == 5
    assert places == sorted(places, key=lambda place: (place.line, place.column) if place else ())


def test_a_condition_is_bounded_in_tests() -> None:
    detection = {f"sel_{number}": {"t|contains": [f"{number}-{value}" for value in range(300)]} for number in range(7)}
    [error] = _refused(rule_text({**detection, "condition": "1 of them"}))
    assert "2100 tests" in str(error)


def test_an_error_never_quotes_this_machine() -> None:
    [error] = _refused(rule_text({"sel": {"n|contains": 5}, "condition": "sel"}))
    assert str(error).startswith(f"{PATH}:8:17: ")
    assert str(error).count("/") == PATH.count("/")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    [
        *HEADER,
        "status",
        "level",
        "tags",
        "date",
        "related",
        "references",
        "author",
        "detection",
        "correlation",
        "fields",
    ]
)


@given(st.dictionaries(keys, trees, min_size=1, max_size=4))
def test_any_yaml_is_a_rule_or_an_error_with_a_place(change: dict[str, Any]) -> None:
    text = rule_text(change.pop("detection", DETECTION), **change)
    try:
        compile_rule(text, PATH, SCHEMA)
    except RuleError as error:
        refused: list[AshiatoError] = [error]
    except ManyErrors as errors:
        refused = errors.errors
    else:
        return
    assert all(error.where is not None and error.where.path == PATH for error in refused)


@given(st.text("atn|:[]{}-,'\"&*!#%@`> \n\t\\?0" + "\x00\x85\u2028é日", max_size=60))
def test_any_text_is_a_rule_or_an_error_with_a_place(text: str) -> None:
    with pytest.raises((RuleError, ManyErrors)) as refused:
        compile_rule(text, PATH, SCHEMA)
    first = refused.value.errors[0] if isinstance(refused.value, ManyErrors) else refused.value
    assert first.where is not None
