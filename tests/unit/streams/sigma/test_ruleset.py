"""Rules judge together as they judge alone, each distinct question asked once."""

import polars as pl
import pytest

from streams.sigma import MATCH_SCHEMA, RuleSet, compile_rule
from tests.support.sigma_rules import PATH, SCHEMA, frame, rule_text


def _set(**selections: object) -> RuleSet:
    return RuleSet(
        compile_rule(rule_text({"sel": selection, "condition": ["sel", "not sel"]}, name=name), PATH, SCHEMA)
        for name, selection in selections.items()
    )


def test_matches_are_sorted_by_row_and_then_as_rules_were_given() -> None:
    rules = _set(ZZ={"t": "a"}, AA={"n": 1})
    found = rules.matches(frame([{"t": "b", "n": 1}, {"t": "A", "n": 1}]))
    assert found.schema == MATCH_SCHEMA
    assert found.rows() == [(0, "ZZ", 1), (0, "AA", 0), (1, "ZZ", 0), (1, "AA", 0)]


def test_every_condition_is_judged_for_every_row() -> None:
    judged = _set(AA={"t": "a"}).judge(frame([{"t": "A"}, {"t": None}]))
    assert judged.rows() == [(True, False), (False, True)]
    assert set(judged.dtypes) == {pl.Boolean()}


def test_no_events_and_no_rules_give_no_matches() -> None:
    assert _set(AA={"t": "a"}).matches(frame([])).rows() == []
    assert _set().matches(frame([{"t": "a"}])).rows() == []
    assert _set().matches(frame([{"t": "a"}])).schema == MATCH_SCHEMA


def test_columns_that_no_rule_reads_do_not_matter() -> None:
    rules = _set(AA={"t": "a"})
    assert rules.fields == {"t"}
    assert rules.matches(pl.DataFrame({"other": [1], "t": ["a"]})).rows() == [(0, "AA", 0)]


def test_a_missing_column_is_an_error() -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="t"):
        _set(AA={"t": "a"}).matches(pl.DataFrame({"n": [1]}))


def test_columns_may_be_named_like_those_between_the_passes() -> None:
    schema = {"test 0": pl.String(), "subject 0": pl.String()}
    detection = {"sel": {"subject 0": "a", "test 0": "b"}, "condition": "sel"}
    rules = RuleSet([compile_rule(rule_text(detection), PATH, schema)])
    assert rules.matches(pl.DataFrame({"test 0": ["B"], "subject 0": ["A"]})).rows() == [(0, "T-RULE", 0)]
