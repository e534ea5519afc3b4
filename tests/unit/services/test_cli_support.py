"""What commands print: values as they were written, JSON that every reader takes."""

import datetime as dt
import ipaddress
import json
import uuid
from decimal import Decimal

import pytest

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
