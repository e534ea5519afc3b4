"""docs/guarantees.md names tests that exist, and its table is made of what was counted."""

import datetime as dt
import re
from pathlib import Path

import pytest

from scripts.write_guarantees import BEGIN, END, PAGE, refreshed, table

KEEPS = re.compile(r"\bkeep(_numbers)?\(")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_test_that_a_promise_names_exists() -> None:
    named = NAMED.findall(PAGE.read_text("utf-8"))
    assert len(named) >= 20
    missing = [name for path, name in named if f"def {name}(" not in (PAGE.parents[1] / Path(path)).read_text("utf-8")]
    assert missing == []


def test_every_fault_is_named_by_a_promise() -> None:
    named = {name for _, name in NAMED.findall(PAGE.read_text("utf-8"))}
    faults = {
        name
        for path in (PAGE.parents[1] / "tests").glob("*/test_*.py")
        if path.name != "test_oracle.py" and KEEPS.search(path.read_text("utf-8"))
        for name, body in re.findall(
            r"def (test_\w+)\((.*?)(?=\ndef |\nasync def |\Z)", path.read_text("utf-8"), re.DOTALL
        )
        if KEEPS.search(body)
    }
    assert faults - named == set()


def test_results_become_a_table_between_the_marks() -> None:
    counted = {
        "fault": "killed", "times": 200, "messages": 12345, "events": 12000, "dead_letters": 345, "findings": 1,
        "ranges": 9, "overlaps": 0, "orphans": 7,
    }  # fmt: skip
    text = table([counted, counted], day=dt.date(2026, 11, 2), machine="2 cores")
    assert "Counted on 2026-11-02 on 2 cores." in text
    assert text.splitlines()[-1] == "| killed | 400 | 24,690 | 24,000 | 690 | 2 | 0 | 14 |"
    page = refreshed(f"before\n{BEGIN}\nold\n{END}\nafter", text)
    assert page == f"before\n{BEGIN}\n\n{text}\n\n{END}\nafter"


def test_a_page_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="must hold the line"):
        refreshed("nothing", "text")
