"""Findings depend on their event and the rulebook, on nothing else, and show no personal data."""

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest

from schemas.facts import COLUMNS
from schemas.records import MAX_RECORD_BYTES
from streams.column_types import dtypes
from streams.judge import FINDING_SCHEMA, MAX_LISTED, judge, shown
from streams.rules import Rulebook
from tests.support.rules import rule

SCHEMA = dtypes(COLUMNS)
LATE = dt.datetime(2026, 11, 1, 15, 30, tzinfo=dt.UTC)
"""Half past midnight of 2 November in Japan."""


def facts(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{"event.time": LATE, **row} for row in rows], schema=SCHEMA)


def book(*replacements: tuple[str, str]) -> Rulebook:
    return Rulebook((rule(*replacements),))


ABROAD = {"asset.abroad": True}


def test_a_finding_names_rule_version_hash_role_level_and_policy_item() -> None:
    (found,) = judge(facts({}, ABROAD), book()).to_dicts()
    assert found == {
        "row": 1,
        "rule": "T-RULE",
        "rule_version": 1,
        "rule_sha256": rule().sha256,
        "role": "asset",
        "level": "low",
        "policy_item": "storage",
        "episode": None,
        "facts": '{"asset.abroad":true,"asset.policy_lists_storage":null}',
    }


@pytest.mark.parametrize("rows", [[], [{}], [{"asset.abroad": False}]])
def test_no_match_gives_no_findings_in_the_same_columns(rows: list[dict[str, Any]]) -> None:
    found = judge(facts(*rows), book())
    assert len(found) == 0
    assert found.schema == FINDING_SCHEMA


def test_a_daily_episode_is_the_day_in_japan() -> None:
    (found,) = judge(facts(ABROAD), book(("episode: none", "episode: day"))).to_dicts()
    assert found["episode"] == "2026-11-02"


def test_each_role_gives_its_own_finding_with_what_its_condition_read() -> None:
    two = book(
        ("condition: abroad and not listed", "condition: [listed, abroad]"),
        ("about: [asset]", "about: [event, asset]"),
        ("{asset.abroad: true}\n    match: true", "{asset.abroad: true}\n    match: true\n    role: asset"),
        ("storage: false}\n    match: true", "storage: false}\n    match: true\n    role: asset"),
    )
    found = judge(facts({**ABROAD, "asset.policy_lists_storage": True}), two)
    assert found["role"].to_list() == ["asset", "event"]
    assert found["facts"].to_list() == ['{"asset.abroad":true}', '{"asset.policy_lists_storage":true}']


def test_findings_are_sorted_by_row_rule_and_role_whatever_the_order_of_rules() -> None:
    rules = (rule(), rule(("T-RULE", "T-RULE")))
    renamed = Rulebook(tuple(sorted(rules, key=lambda one: one.id, reverse=True)))
    found = judge(facts(ABROAD, ABROAD, ABROAD), renamed)
    assert found["row"].to_list() == sorted(found["row"].to_list())


def test_a_batch_says_of_each_event_what_a_batch_of_one_says() -> None:
    rows: list[dict[str, Any]] = [ABROAD, {}, {**ABROAD, "asset.policy_lists_storage": True}, ABROAD]
    whole = judge(facts(*rows), book())
    for number, row in enumerate(rows):
        alone = judge(facts(row), book()).drop("row")
        assert whole.filter(pl.col("row") == number).drop("row").equals(alone)


def test_personal_columns_are_shown_as_present_or_absent_only() -> None:
    personal = {name: column for name, column in COLUMNS.items() if column.personal}
    row: dict[str, Any] = {
        name: ["hanako"] if column.type == "texts" else "hanako" for name, column in personal.items()
    }
    told = facts(row, {}).select(shown(column).alias(name) for name, column in personal.items())
    assert set(told.row(0)) == {True}
    assert set(told.row(1)) == {False}


def test_a_rule_over_personal_columns_shows_none_of_their_values() -> None:
    looks = (
        "    asset.abroad: true\n  listed",
        "    purpose|contains: debug\n    records.users|exists: true\n  listed",
    )
    tested = (("asset.abroad: true}\n", "purpose: debug, records.users: [u1]}\n"),
              ("asset.abroad: true, ", "purpose: debug, records.users: [u1], "))  # fmt: skip
    found = judge(facts({"purpose": "debug of hanako", "records.users": ["u-77"]}), book(looks, *tested))
    (text,) = found["facts"].to_list()
    assert json.loads(text) == {"records.users": True, "purpose": True, "asset.policy_lists_storage": None}


def test_an_empty_list_of_users_is_no_value() -> None:
    told = facts({"records.users": []}).select(shown(COLUMNS["records.users"]))
    assert told.row(0) == (False,)


def test_times_are_shown_in_utc_with_six_digits() -> None:
    time = dt.datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    told = facts({"grant.until": time}).select(shown(COLUMNS["grant.until"]))
    assert told.row(0) == ("2026-11-02T00:00:00.123456Z",)


def test_a_long_list_is_shown_in_part_and_says_how_much_is_left_out() -> None:
    lists = [[f"field{number}" for number in range(count)] for count in (0, MAX_LISTED, MAX_LISTED + 1, 10_000)]
    told = (
        facts(*({"records.fields": one} for one in lists))
        .select(shown(COLUMNS["records.fields"]))
        .to_series()
        .to_list()
    )
    assert told[:2] == lists[:2]
    assert told[2] == [*lists[2][:MAX_LISTED], "… 1 more"]
    assert told[3][-1] == "… 9992 more"


@pytest.mark.parametrize("worst", ["\x01", "𩸽", "\\"])
def test_the_lists_of_an_event_fit_a_record_whatever_they_hold(worst: str) -> None:
    lists = [column for column in COLUMNS.values() if column.type == "texts" and not column.personal]
    row = facts({column.name: [worst * 256] * 10_000 for column in lists})
    told = row.select(pl.struct(shown(column).alias(column.name) for column in lists).struct.json_encode())
    assert len(told.item().encode()) < MAX_RECORD_BYTES * 3 // 4


def test_japanese_text_is_shown_as_it_is() -> None:
    looks = ("    asset.abroad: true\n  listed", "    operation: 照会\n  listed")
    tested = (("asset.abroad: true}\n", "operation: 照会}\n"), ("asset.abroad: true, ", "operation: 照会, "))
    (text,) = judge(facts({"operation": "照会"}), book(looks, *tested))["facts"].to_list()
    assert text == '{"operation":"照会","asset.policy_lists_storage":null}'
