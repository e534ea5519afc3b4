"""The page of an explanation reads well for people: complete, in both languages, without a line too wide."""

import datetime as dt

import pytest

from services.explain_page import ERASED, WIDTH, Page, columns_of_event, page, reasons, show
from tests.unit.streams.test_explain import ROW, explained


def printed(capsys: pytest.CaptureFixture[str], shown: Page, language: str = "en") -> str:
    show(page(shown, "ja" if language == "ja" else "en"))
    return capsys.readouterr().out


def a_page(*, notes: tuple[str, ...] = ()) -> Page:
    event = {"event.time": dt.datetime(2026, 11, 2, 1, 20, tzinfo=dt.UTC), "action": "copy", "origin.ip": ERASED}
    return Page(("flag 0123456789abcdef",), event, explained(), {"rulebook": "ab" * 32}, notes)


def test_the_page_has_all_its_parts_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, a_page(notes=("the raw message is gone",)))
    parts = [
        "XB-STORE  high", "flag 0123456789abcdef", "The event", "Why", "The facts it looked at",
        "What would have made it pass", "How the two Acts read it", "Evidence", "To be known", "What to do",
    ]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_legal_time_stands_beside_utc(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2026-11-02 01:20:00Z (2026-11-02 10:20:00 Asia/Tokyo)" in printed(capsys, a_page())


def test_a_value_under_an_erased_clock_is_said_to_be_erased(capsys: pytest.CaptureFixture[str]) -> None:
    assert "origin.ip   erased" in printed(capsys, a_page())


def test_facts_are_told_in_the_words_of_rules(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, a_page())
    assert "destination.policy_lists_storage is true (it is false)" in text
    assert "no policy line for storage" in text


def test_the_readings_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, a_page()).splitlines()
    (head,) = [line for line in lines if "Telecommunications Business Act" in line]
    assert "Act on the Protection of Personal Information" in head


def test_japanese_readers_get_japanese_headings_and_texts(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, a_page(), "ja")
    for word in ("理由", "参照した事実", "電気通信事業法", "個人情報保護法", "該当しなくなる条件"):
        assert word in text
    assert "What would have made it pass" not in text


def test_no_line_is_wider_than_people_read_or_ends_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    for line in printed(capsys, a_page()).splitlines():
        assert len(line) <= WIDTH
        assert line == line.rstrip()


def test_what_did_not_match_has_no_list_of_ways_out(capsys: pytest.CaptureFixture[str]) -> None:
    show(reasons(explained(role="asset")))
    assert "Any one of these is enough" not in capsys.readouterr().out


def test_an_event_shows_what_it_has_and_what_was_erased() -> None:
    row = {**ROW, "origin.ip": None, "action": "copy", "ticket": "T-1"}
    shown = columns_of_event(row, ("action", "origin.ip", "ticket", "purpose"), erased=("origin.ip", "ticket"))
    assert shown == {"action": "copy", "origin.ip": ERASED, "ticket": "T-1"}
