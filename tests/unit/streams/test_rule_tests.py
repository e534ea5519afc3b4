"""The tests inside a rule file are run as they are written."""

import datetime as dt

import polars as pl
import pytest

from schemas.facts import COLUMNS
from schemas.rules import RuleTest
from streams.rule_tests import fact_value, frame_of_tests, run_tests
from tests.support.rules import rule


def test_tests_that_hold_give_no_failures() -> None:
    assert run_tests(rule()) == []


def test_a_test_that_expects_a_match_and_gets_none_fails() -> None:
    (failure,) = run_tests(rule(("facts: {asset.abroad: true}\n", "facts: {asset.abroad: false}\n")))
    assert str(failure) == "abroad: expected a match, found no match"


def test_a_test_that_expects_no_match_and_gets_one_fails() -> None:
    listed = "facts: {asset.abroad: true, asset.policy_lists_storage: true}"
    (failure,) = run_tests(rule((listed, "facts: {asset.abroad: true}")))
    assert str(failure) == "listed: expected no match, found a match for asset"


def test_a_match_for_another_role_fails() -> None:
    two = rule(
        ("condition: abroad and not listed", "condition: [abroad and not listed, abroad]"),
        ("about: [asset]", "about: [asset, event]"),
        ("{asset.abroad: true}\n    match: true", "{asset.abroad: true}\n    match: true\n    role: asset"),
        ("storage: false}\n    match: true", "storage: false}\n    match: true\n    role: [event, asset]"),
    )
    assert [failure.name for failure in run_tests(two)] == ["abroad", "listed"]


def test_columns_that_a_test_does_not_name_are_absent() -> None:
    frame = frame_of_tests(rule().tests, rule().compiled.fields)
    assert frame.row(3) == (None, None)
    assert frame.schema == {"asset.abroad": pl.Boolean(), "asset.policy_lists_storage": pl.Boolean()}


def test_values_stand_in_their_columns_as_the_decoder_leaves_them() -> None:
    test = RuleTest(
        name="all kinds",
        facts={"event.time": "2026-11-02T09:00:00+09:00", "records.fields": ("name",), "records.count": 3},
        match=True,
    )
    row = frame_of_tests([test], frozenset()).row(0, named=True)
    assert row == {
        "event.time": dt.datetime(2026, 11, 2, tzinfo=dt.UTC),
        "records.fields": ["name"],
        "records.count": 3,
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("asset.abroad", "true"),
        ("records.count", True),
        ("records.count", "1"),
        ("asset.id", 1),
        ("records.fields", "a"),
    ],
)
def test_a_value_of_another_type_is_refused(column: str, value: object) -> None:
    with pytest.raises(ValueError, match=column):
        fact_value(COLUMNS[column], value)
