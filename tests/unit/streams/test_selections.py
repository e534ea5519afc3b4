"""What is said of a match agrees with the compiler that made it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import AshiatoError
from streams.selections import conditions, row_frame, why, words

DETECTION: dict[str, Any] = {
    "abroad": {"asset.abroad": True, "asset.stored": True},
    "listed": {"asset.policy_lists_storage": True},
    "where": [{"asset.equipment_country": ["SG", "US"]}, {"asset.region|startswith": "us-", "outcome": None}],
    "filter_denied": {"outcome": ["denied", "failure"]},
    "filter_not_sui": {"asset.sui": False},
    "_hidden": {"action": "read"},
    "condition": "abroad and not listed and not 1 of filter_*",
}
ABROAD = {"asset.abroad": True, "asset.stored": True, "asset.equipment_country": "SG"}


def test_each_selection_says_whether_it_was_met() -> None:
    reasons = why(DETECTION, DETECTION["condition"], ABROAD)
    assert reasons.holds
    assert {selection.name: selection.met for selection in reasons.selections} == {
        "abroad": True,
        "listed": False,
        "filter_denied": False,
        "filter_not_sui": False,
    }


def test_each_test_of_a_selection_is_answered_by_itself() -> None:
    (selection,) = why(DETECTION, "abroad", {"asset.abroad": True}).selections
    assert not selection.met
    assert [(test.column, test.asks, test.met) for test in selection.tests] == [
        ("asset.abroad", "is true", True),
        ("asset.stored", "is true", False),
    ]


def test_a_list_of_maps_is_met_when_one_of_its_groups_is() -> None:
    (selection,) = why(DETECTION, "where", {"asset.equipment_country": "JP", "asset.region": "us-east-1"}).selections
    assert selection.met
    assert [(test.group, test.met) for test in selection.tests] == [(0, False), (1, True), (1, True)]


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("abroad and not listed", {"abroad", "listed"}),
        ("(abroad)", {"abroad"}),
        ("not (listed or 1 of filter_*)", {"listed", "filter_denied", "filter_not_sui"}),
        ("all of filter_*", {"filter_denied", "filter_not_sui"}),
        ("1 of them", {"abroad", "listed", "where", "filter_denied", "filter_not_sui"}),
        ("_hidden", {"_hidden"}),
    ],
)
def test_only_selections_that_the_condition_looks_at_are_told(condition: str, named: set[str]) -> None:
    assert {selection.name for selection in why(DETECTION, condition, ABROAD).selections} == named


def test_what_undoes_a_match_is_found_from_the_condition_itself() -> None:
    reasons = why(DETECTION, DETECTION["condition"], ABROAD)
    assert set(reasons.turning) == {
        frozenset({name}) for name in ("abroad", "listed", "filter_denied", "filter_not_sui")
    }


def test_selections_that_only_undo_a_match_together_are_told_together() -> None:
    reasons = why(DETECTION, "abroad or where", ABROAD)
    assert reasons.turning == (frozenset({"abroad", "where"}),)


def test_no_way_out_is_told_of_what_did_not_match() -> None:
    reasons = why(DETECTION, DETECTION["condition"], {**ABROAD, "asset.policy_lists_storage": True})
    assert not reasons.holds
    assert reasons.turning == ()


def test_an_absent_value_meets_nothing_but_the_test_for_absence() -> None:
    (selection,) = why({"none": {"outcome": None, "asset.sui": False}}, "none", {}).selections
    assert [test.met for test in selection.tests] == [True, False]


def test_words_of_yaml_stay_words() -> None:
    """Country NO is Norway, neither here nor on the way to the compiler a truth value."""
    assert why({"there": {"asset.equipment_country": "NO"}}, "there", {"asset.equipment_country": "NO"}).holds


def test_a_detection_that_cannot_be_compiled_is_an_error() -> None:
    with pytest.raises(AshiatoError):
        why({"x": {"no.such.column": True}}, "x", {})


def test_one_condition_counts_as_a_list_of_one() -> None:
    assert conditions({"condition": "a"}) == ("a",)
    assert conditions({"condition": ["a", "b"]}) == ("a", "b")


@pytest.mark.parametrize(
    ("key", "value", "asks", "opposite"),
    [
        ("asset.abroad", True, "is true", "is not true"),
        ("outcome", ["denied", "failure"], "is one of denied, failure", "is not any of denied, failure"),
        ("outcome", None, "is absent", "is present"),
        ("outcome|exists", True, "is present", "is absent"),
        ("outcome|exists", False, "is absent", "is present"),
        ("records.count|gt", 1000, "is more than 1000", "is not more than 1000"),
        ("records.count|lte", 5, "is at most 5", "is more than 5"),
        ("operation|contains|all", ["a", "b"], "contains all of a, b", "does not contain all of a, b"),
        ("origin.ip|cidr", "192.0.2.0/24", "lies in 192.0.2.0/24", "does not lie in 192.0.2.0/24"),
        ("recipient.id|fieldref", "asset.operator", "equals the column asset.operator",
         "does not equal the column asset.operator"),
    ],
)  # fmt: skip
def test_a_test_reads_as_a_sentence_after_its_column(key: str, value: Any, asks: str, opposite: str) -> None:
    assert words(key, value) == (key.split("|", maxsplit=1)[0], asks, opposite)


def test_a_row_has_every_column_in_its_type() -> None:
    frame = row_frame({"records.fields": ["name"], "records.count": 3})
    assert frame.height == 1
    assert frame["records.fields"].to_list() == [["name"]]
    assert frame["asset.sui"].null_count() == 1


def _holds(met: dict[str, bool]) -> bool:
    """DETECTION's condition over answers, written out by hand."""
    return met["abroad"] and not (met["listed"] or met["filter_denied"] or met["filter_not_sui"])


@given(st.fixed_dictionaries({}, optional={
    "asset.abroad": st.booleans(), "asset.stored": st.booleans(), "asset.policy_lists_storage": st.booleans(),
    "outcome": st.sampled_from(["success", "denied"]), "asset.sui": st.booleans(),
}))  # fmt: skip
def test_what_is_said_to_undo_a_match_does_undo_it(row: dict[str, Any]) -> None:
    reasons = why(DETECTION, DETECTION["condition"], row)
    answers = {selection.name: selection.met for selection in reasons.selections}
    assert reasons.holds == _holds(answers)
    for turned in reasons.turning:
        assert not _holds({name: met ^ (name in turned) for name, met in answers.items()})
