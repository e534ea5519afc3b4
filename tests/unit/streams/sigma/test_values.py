"""Numbers, times, truth, references, absence: each compared with a column of its kind, or refused."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from schemas.errors import RuleError
from schemas.facts import Column
from streams.sigma import RuleSet, compile_rule
from tests.support.sigma_rules import PATH, hits, rule_text

Row = dict[str, Any]


def _times(*texts: str) -> list[Row]:
    return [{"d": dt.datetime.fromisoformat(text).astimezone(dt.UTC)} for text in texts]


def test_numbers_are_equal_or_in_order() -> None:
    rows: list[Row] = [{"n": number} for number in (4, 5, 6, None)]
    assert hits({"n": 5}, *rows) == [False, True, False, False]
    assert hits({"n|lt": 5}, *rows) == [True, False, False, False]
    assert hits({"n|lte": 5}, *rows) == [True, True, False, False]
    assert hits({"n|gt": 5}, *rows) == [False, False, True, False]
    assert hits({"n|gte": 5.0}, *rows) == [False, True, True, False]
    assert hits({"n|neq": 5}, *rows) == [True, False, True, False]


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_large_numbers_keep_every_digit(number: int) -> None:
    beside = number - 1 if number > 0 else number + 1
    assert hits({"n": number}, {"n": number}, {"n": beside}) == [True, False]


def test_truth_is_compared_with_truth() -> None:
    rows: list[Row] = [{"b": value} for value in (True, False, None)]
    assert hits({"b": True}, *rows) == [True, False, False]
    assert hits({"b": False}, *rows) == [False, True, False]
    assert hits({"b|neq": True}, *rows) == [False, True, False]


def test_parts_of_a_time_are_taken_in_utc() -> None:
    rows = _times("2027-01-01T08:30:00+09:00", "2026-12-31T23:30:00+00:00", "2027-01-01T00:30:00+00:00")
    assert hits({"d|year": 2026}, *rows) == [True, True, False]
    assert hits({"d|month": 12}, *rows) == [True, True, False]
    assert hits({"d|day": 31}, *rows) == [True, True, False]
    assert hits({"d|hour": 23}, *rows) == [True, True, False]
    assert hits({"d|minute": 30}, *rows) == [True, True, True]
    assert hits({"d|week": 53}, *rows) == [True, True, True]


def test_parts_of_a_time_have_an_order() -> None:
    rows = _times("2026-06-01T08:59:59+00:00", "2026-06-01T09:00:00+00:00")
    assert hits({"d|hour|gte": 9}, *rows) == [False, True]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("n", "5", "n holds whole numbers, this is text"),
        ("n", True, "n holds whole numbers, this is true or false"),
        ("n", 1.5, "from -9223372036854775808 to 9223372036854775807, this is 1.5"),
        ("n|gt", 2**63, "this is 9223372036854775808"),
        ("n", float("nan"), "Invalid number"),
        ("n", float("inf"), "Invalid number"),
        ("n|contains", "5", "n holds whole numbers"),
        ("n|re", "5", "n holds whole numbers"),
        ("b", "true", "b holds true or false, this is text"),
        ("b", 1, "b holds true or false, this is a number"),
        ("b|contains", "t", "b holds true or false"),
        ("b|gt", 1, "b holds true or false"),
        ("t", 5, "t holds text, this is a number"),
        ("t", False, "t holds text, this is true or false"),
        ("t|gt", 5, "t holds text, this is a number"),
        ("t|hour", 5, "t holds text, this is a part of a time"),
        ("d", "2026-01-01T00:00:00Z", "d holds times, this is text"),
        ("d", dt.date(2026, 1, 1), "YAML reads it as date"),
        ("d", 5, "d holds times, this is a number"),
        ("d|hour", 24, "hour is a whole number from 0 to 23, this is 24"),
        ("d|month", 0, "month is a whole number from 1 to 12, this is 0"),
        ("d|week", 54, "week is a whole number from 1 to 53"),
        ("n|cidr", "10.0.0.0/8", "n holds whole numbers"),
        ("n|exists", "yes", "incompatible"),
        ("l", 5, "l holds text"),
        ("t", b"a", "YAML reads it as bytes"),
    ],
)
def test_a_value_of_another_kind_is_refused_at_its_place(key: str, value: Any, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        hits({key: value})
    assert reason in str(refused.value)
    assert str(refused.value).startswith(f"{PATH}:8:")


def test_a_number_for_a_text_says_how_to_write_it() -> None:
    with pytest.raises(RuleError, match="put the value in quotes"):
        hits({"t": 5})


# Absence


def test_absent_never_matches_and_is_decided_before_not() -> None:
    rows: list[Row] = [{"t": None}, {"t": "JP"}, {"t": "US"}]
    assert hits({"t": "JP"}, *rows) == [False, True, False]
    assert hits({"t|neq": "JP"}, *rows) == [False, False, True]
    assert hits({"t|neq": ["JP", "US"]}, *rows) == [False, False, False]


def test_null_and_exists_ask_for_absence() -> None:
    rows: list[Row] = [{"t": None}, {"t": ""}, {"t": "a"}]
    assert hits({"t": None}, *rows) == [True, False, False]
    assert hits({"t|exists": False}, *rows) == [True, False, False]
    assert hits({"t|exists": True}, *rows) == [False, True, True]
    assert hits({"t": [None, "a"]}, *rows) == [True, False, True]
    assert hits({"t|neq": None}, *rows) == [False, True, True]


def test_an_empty_list_and_one_of_nulls_are_absent() -> None:
    rows: list[Row] = [{"l": None}, {"l": []}, {"l": [None]}, {"l": [None, "a"]}]
    assert hits({"l": None}, *rows) == [True, True, True, False]
    assert hits({"l|exists": True}, *rows) == [False, False, False, True]


# Lists


def test_any_element_of_a_list_matches() -> None:
    rows: list[Row] = [{"l": ["x", "Phone"]}, {"l": ["phones", None]}, {"l": []}, {"l": None}]
    assert hits({"l": "phone"}, *rows) == [True, False, False, False]
    assert hits({"l|startswith": "phone"}, *rows) == [True, True, False, False]
    assert hits({"l|re": "^Ph"}, *rows) == [True, False, False, False]


def test_all_asks_for_each_value_in_some_element() -> None:
    rows: list[Row] = [{"l": ["a", "b"]}, {"l": ["a"]}, {"l": ["ab"]}]
    assert hits({"l|all": ["a", "B"]}, *rows) == [True, False, False]
    assert hits({"l|contains|all": ["a", "b"]}, *rows) == [True, False, True]


def test_neq_of_a_list_asks_that_it_has_values_and_none_matches() -> None:
    rows: list[Row] = [{"l": ["a", "b"]}, {"l": ["b"]}, {"l": []}, {"l": None}]
    assert hits({"l|neq": "a"}, *rows) == [False, True, False, False]


# References


def test_a_reference_compares_two_fields() -> None:
    rows: list[Row] = [
        {"t": "Abc", "u": "aBC"},
        {"t": "abc", "u": "b"},
        {"t": "abc", "u": None},
        {"t": None, "u": None},
    ]
    assert hits({"t|fieldref": "u"}, *rows) == [True, False, False, False]
    assert hits({"t|cased|fieldref": "u"}, *rows) == [False, False, False, False]
    assert hits({"t|fieldref|contains": "u"}, *rows) == [True, True, False, False]
    assert hits({"t|fieldref|neq": "u"}, *rows) == [False, True, True, False]
    assert hits({"t|fieldref|startswith": "u"}, {"t": "ab", "u": "A"}, {"t": "ba", "u": "a"}) == [True, False]
    assert hits({"t|fieldref|endswith": "u"}, {"t": "ab", "u": "A"}, {"t": "ba", "u": "a"}) == [False, True]


def test_a_reference_reads_nothing_in_the_other_field_as_a_pattern() -> None:
    assert hits({"t|fieldref|contains": "u"}, {"t": "abc", "u": "a.c"}, {"t": "a.c", "u": "."}) == [False, True]


def test_two_exact_fields_are_compared_as_they_are() -> None:
    assert hits({"x|fieldref": "y"}, {"x": "a", "y": "A"}, {"x": "a", "y": "a"}) == [False, True]
    assert hits({"x|fieldref": "u"}, {"x": "a", "u": "A"}) == [True]


def test_final_sigmas_refer_to_each_other() -> None:
    assert hits({"t|fieldref": "u"}, {"t": "ΟΔΟΣ", "u": "οδοσ"}) == [True]


def test_a_reference_to_a_list_or_from_one_asks_for_a_common_value() -> None:
    assert hits({"t|fieldref": "l"}, {"t": "A", "l": ["b", "a"]}, {"t": "c", "l": ["a"]}, {"t": None, "l": [None]}) == [
        True,
        False,
        False,
    ]
    assert hits({"l|fieldref": "u"}, {"u": "A", "l": ["b", "a"]}, {"u": None, "l": [None]}) == [True, False]
    assert hits(
        {"l|fieldref": "k"}, {"l": ["A", None], "k": ["a"]}, {"l": [None], "k": [None]}, {"l": [], "k": []}
    ) == [True, False, False]


def test_numbers_truth_and_times_refer_too() -> None:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert hits({"n|fieldref": "m"}, {"n": 1, "m": 1}, {"n": 1, "m": 2}, {"n": None, "m": None}) == [True, False, False]
    assert hits({"b|fieldref": "c"}, {"b": False, "c": False}, {"b": True, "c": None}) == [True, False]
    assert hits({"d|fieldref": "f"}, {"d": now, "f": now}, {"d": now, "f": None}) == [True, False]


@pytest.mark.parametrize(
    ("key", "other", "reason"),
    [
        ("t|fieldref", "nowhere", "there is no field 'nowhere'"),
        ("t|fieldref", "n", "t holds text, n holds whole numbers"),
        ("n|fieldref|contains", "m", "two text fields"),
        ("l|fieldref|startswith", "t", "no lists"),
        ("t|fieldref|endswith", "l", "no lists"),
        ("t|fieldref", "u*", "must not contain wildcards"),
    ],
)
def test_a_reference_that_has_no_meaning_is_refused(key: str, other: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        hits({key: other})


# Enumerations

KIND = {"k": Column("k", "text", "", "event", exact=True, values=("access", "transfer", "grant"))}


def _kinds(key: str, value: Any) -> list[str]:
    rule = compile_rule(rule_text({"sel": {key: value}, "condition": "sel"}), PATH, KIND)
    facts = pl.DataFrame({"k": ["access", "transfer", "grant", None]})
    return [facts["k"][row] for row in RuleSet([rule]).matches(facts)["row"]]


def test_a_value_of_an_enumeration_is_found_in_any_case() -> None:
    assert _kinds("k", "Access") == ["access"]
    assert _kinds("k|contains", "A") == ["access", "transfer", "grant"]
    assert _kinds("k", "?r*") == ["transfer", "grant"]
    assert _kinds("k|re", "^.r") == ["transfer", "grant"]
    assert _kinds("k", "*") == ["access", "transfer", "grant"]


@pytest.mark.parametrize(
    ("key", "value"), [("k", "acess"), ("k|cased", "Access"), ("k|startswith", "x"), ("k|re", "^A")]
)
def test_a_value_that_an_enumeration_never_has_is_refused(key: str, value: str) -> None:
    with pytest.raises(RuleError, match="its values are access, transfer, grant"):
        _kinds(key, value)
