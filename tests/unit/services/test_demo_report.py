"""The demo's report: order of the worst, words for people."""

from __future__ import annotations

import datetime as dt

import pytest

from services.demo_report import brief, clock, named, repeats, worst
from services.flags import also_restricted


def flag(name: str, rule: str, level: str, events: int) -> dict[str, object]:
    return {"id": name, "rule": rule, "level": level, "events": events}


def test_the_worst_flags_come_by_level_and_no_rule_twice_before_another_once() -> None:
    flags = [
        flag("a", "HIGH-1", "high", 9),
        flag("b", "HIGH-1", "high", 8),
        flag("c", "HIGH-2", "high", 1),
        flag("d", "LOW", "low", 99),
        flag("e", "WORST", "critical", 1),
    ]
    assert [one["id"] for one in worst(flags)] == ["e", "a", "c", "b", "d"]
    assert [one["id"] for one in worst(flags[::-1], 2)] == ["e", "a"]


def test_without_flags_nothing_is_worst() -> None:
    assert worst([]) == []


def test_a_flag_that_few_may_see_is_named_with_what_shows_it() -> None:
    assert [also_restricted(rule) for rule in ("GOV-PROVISION", "XB-STORE")] == [" --restricted", ""]


def test_times_are_those_of_japan() -> None:
    assert clock(dt.datetime(2026, 11, 1, 15, 5, tzinfo=dt.UTC)) == "00:05"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "None came twice."),
        (1, "1 came a second time, unchanged, and counts once."),
        (1_000, "1,000 came a second time, unchanged, and count once."),
    ],
)
def test_repeats_are_told_in_words(count: int, words: str) -> None:
    assert repeats(count) == words


def test_a_key_is_shown_with_its_name_where_the_register_has_one() -> None:
    names = {"crm-db": "顧客管理"}
    assert [named(key, names) for key in ("crm-db", "unknown:00ff", None)] == ["顧客管理 (crm-db)", "unknown:00ff", ""]


def test_the_long_name_of_the_data_is_shortened() -> None:
    assert brief("Specified user information meets specified user information") == "SUI meets SUI"
