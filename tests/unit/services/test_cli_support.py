"""What commands print: values as they were written, JSON that every reader takes."""

import datetime as dt
import ipaddress
import json
import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from rich.console import Console

from services import cli_support
from services.cli_support import cell, emit, to_json


def test_json_has_a_form_for_whatever_a_query_gives() -> None:
    row = {
        "time": dt.datetime(2026, 11, 2, 9, tzinfo=dt.timezone(dt.timedelta(hours=9))),
        "day": dt.date(2026, 11, 2),
        "uuid": uuid.UUID(int=1),
        "four": ipaddress.IPv4Address("192.0.2.1"),
        "six": ipaddress.IPv6Address("2001:db8::1"),
        "decimal": Decimal("1.10"),
        "bytes": b"\x00\xff",
        "tuple": (1, 2),
        "span": dt.timedelta(days=1),
    }

    assert json.loads(to_json(row)) == {
        "time": "2026-11-02T00:00:00Z",
        "day": "2026-11-02",
        "uuid": "00000000-0000-0000-0000-000000000001",
        "four": "192.0.2.1",
        "six": "2001:db8::1",
        "decimal": "1.10",
        "bytes": "00ff",
        "tuple": [1, 2],
        "span": "1 day, 0:00:00",
    }


def test_json_holds_no_number_that_json_has_no_word_for() -> None:
    said = to_json([{"a": float("nan"), "b": [float("inf")], "c": {dt.date(2026, 11, 2): 1.5}}])

    assert json.loads(said, parse_constant=pytest.fail) == [{"a": None, "b": [None], "c": {"2026-11-02": 1.5}}]


def test_json_says_what_it_has_no_form_for() -> None:
    with pytest.raises(TypeError, match="no JSON form for complex"):
        to_json({"a": 1j})


def test_a_table_shows_values_as_they_were_written(capsys: pytest.CaptureFixture[str]) -> None:
    emit([{"name": "role:x:admin [bold]b[/bold] :warning:", "hash": b"\x0f\xff"}], as_json=False)

    shown = capsys.readouterr().out
    assert "role:x:admin [bold]b[/bold] :warning:" in shown
    assert "0fff" in shown


def test_signs_that_steer_a_terminal_are_shown_not_obeyed() -> None:
    assert cell("a\x1b[2Jb\x9b\u202etxt\rc") == r"a\x1b[2Jb\x9b\u202etxt\rc"
    assert cell("二行\nの値\t。") == "二行\nの値\t。"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what puts a terminal of a width in place of the standard output."""

    def put(width: int) -> None:
        monkeypatch.setattr(
            cli_support, "console", lambda: Console(width=width, force_terminal=True, color_system=None, markup=False)
        )

    return put


FLAG = {"id": "0123456789abcdef", "level": "high", "rule": "CLOUD-EXC-CONTRADICTED", "title": "A long title " * 6}
TELLING = ("id", "rule", "level")


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (200, ["id", "level", "rule", "title"]),
        (80, ["id", "level", "rule"]),
        (47, ["id", "level", "rule"]),
        (46, ["id", "rule"]),
        (40, ["id", "rule"]),
        (39, ["id", "level"]),
        (16, ["id"]),
    ],
)
def test_a_narrow_terminal_shows_the_columns_that_fit_and_breaks_none(
    width: int, shown: list[str], terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(width)
    emit([FLAG], as_json=False, telling=TELLING)
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines() if line.strip(" ─")]
    assert [name for name in map(str.strip, lines[0]) if name] == shown
    assert [text for text in map(str.strip, lines[1]) if text] == [str(FLAG[name]).strip() for name in shown]
    assert (["Too narrow here for:" in " ".join(line) for line in lines[2:]] == [True]) == ("title" not in shown)


def test_japanese_takes_its_two_columns(terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]) -> None:
    terminal(12)
    emit([{"id": "足跡足跡", "rule": "A"}], as_json=False, telling=("id", "rule"))
    assert "Too narrow" in capsys.readouterr().out


def test_what_is_piped_has_every_column_in_one_line_and_no_blanks_at_its_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit([FLAG, {**FLAG, "title": "short"}], as_json=False, telling=TELLING)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line.split()[-1] for line in lines if "0123" in line] == ["title", "short"]
