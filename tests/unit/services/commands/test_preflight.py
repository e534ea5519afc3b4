"""``ashiato preflight``: a gate that records nothing and makes nothing."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.cli import run
from services.store import Store
from tests.support.flagged import REGISTER, TRANSFER, flagged_store
from tests.support.stores import NOW

ALLOWED = {**TRANSFER, "data": {**TRANSFER["data"], "destination": {"asset": "crm", "persistence": "stored"}}}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("register.yaml").write_text(REGISTER, encoding="utf-8")
    Path("event.json").write_text(json.dumps(TRANSFER, indent=2), encoding="utf-8")


def test_what_would_be_flagged_exits_with_1_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preflight", "event.json", "--register", "register.yaml"]) == 1
    out = capsys.readouterr().out
    assert "XB-STORE  high" in out
    assert "destination.equipment_country SG" in out
    assert "destination.policy_lists_storage is true (it is false)" in out


def test_what_is_allowed_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preflight", json.dumps(ALLOWED), "--register", "register.yaml"]) == 0
    assert "no rule would be raised" in capsys.readouterr().out


def test_an_empty_event_is_told_as_such_and_not_as_a_directory(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preflight", ""]) == 2
    assert "there is no event" in (told := capsys.readouterr().err)
    assert "directory" not in told


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize("event", ["[]", '{"Records": []}', '{"Records": []}\n{"Records": []}'])
def test_what_holds_no_event_does_not_pass_the_gate(
    event: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["preflight", event, *more]) == 2
    told = capsys.readouterr()
    assert (told.out, "there is no event" in told.err) == ("", True)


def test_one_bad_event_among_good_ones_fails_the_gate() -> None:
    Path("events.ndjson").write_text(f"{json.dumps(ALLOWED)}\n{json.dumps(TRANSFER)}\n", encoding="utf-8")
    assert run(["preflight", "events.ndjson", "--register", "register.yaml"]) == 1


@pytest.mark.parametrize(("level", "code"), [("high", 1), ("critical", 0)])
def test_the_level_that_fails_can_be_chosen(level: str, code: int) -> None:
    assert run(["preflight", "event.json", "--register", "register.yaml", "--fail-on", level]) == code


def test_nothing_is_made_and_without_a_register_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path.cwd().iterdir())
    assert run(["preflight", "event.json"]) == 1
    assert "No register" in capsys.readouterr().err
    assert sorted(Path.cwd().iterdir()) == before


def test_the_loaded_register_counts_and_no_act_or_row_is_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with flagged_store(tmp_path / "data", TRANSFER) as store:
        before = store.rows("SELECT (SELECT count() FROM evidence) AS events, (SELECT count() FROM acts) AS acts")
    assert run(["preflight", json.dumps(ALLOWED), "--data-dir", str(tmp_path / "data")]) == 0
    assert "No register" not in capsys.readouterr().err
    with Store.open(tmp_path / "data", now=NOW) as store:
        after = store.rows("SELECT (SELECT count() FROM evidence) AS events, (SELECT count() FROM acts) AS acts")
    assert after == before


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = SimpleNamespace(buffer=io.BytesIO(json.dumps(ALLOWED).encode()))
    monkeypatch.setattr("sys.stdin", buffer)
    assert run(["preflight", "-", "--register", "register.yaml"]) == 0


def test_an_event_that_cannot_be_read_exits_with_2_and_the_exact_reason(capsys: pytest.CaptureFixture[str]) -> None:
    event: dict[str, Any] = {**TRANSFER, "time": "2026-11-02T11:02:00"}
    assert run(["preflight", json.dumps(event)]) == 2
    assert "time" in capsys.readouterr().err


def test_of_several_events_the_line_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("log.ndjson").write_text(json.dumps(ALLOWED) + "\n{broken\n", encoding="utf-8")
    assert run(["preflight", "log.ndjson", "--register", "register.yaml"]) == 2
    assert "line 2, column 2" in capsys.readouterr().err


@pytest.mark.parametrize("event", ["no-such-file.json", "."])
def test_a_file_that_cannot_be_read_exits_with_2_and_says_what_to_do(
    event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["preflight", event]) == 2
    assert "or give the event itself as JSON" in capsys.readouterr().err


def test_json_tells_machines_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["preflight", "event.json", "--register", "register.yaml", "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["passes"], verdict["level"]) == (False, "high")
    assert verdict["rules"][0]["rule"] == "XB-STORE"
    assert verdict["rules"][0]["ways_out"][0] == [{"column": "destination.policy_lists_storage", "must": "is true"}]


def test_japanese_readers_are_told_in_japanese(capsys: pytest.CaptureFixture[str]) -> None:
    run(["preflight", "event.json", "--register", "register.yaml", "--lang", "ja"])
    assert "該当しなくなる条件" in capsys.readouterr().out


def test_all_facts_are_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    run(["preflight", "event.json", "--register", "register.yaml", "--facts"])
    assert "register assets/qa@2025-04-01 equipment_country" in capsys.readouterr().out


def test_settings_can_be_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """Under another reading of Q11, a stay of two hours need not be published."""
    decided = "decided_by: manager, effective_from: 2026-01-01, document: {title: Opinion, sha256: " + "a" * 64 + "}"
    Path("settings.yaml").write_text(
        f"temporary: {{exempt: true, min_duration: P1D}}\ndecisions:\n  - {{setting: temporary.exempt, {decided}}}\n"
        f"  - {{setting: temporary.min_duration, {decided}}}\n",
        encoding="utf-8",
    )
    arguments = ["preflight", "event.json", "--register", "register.yaml", "--interpretations", "settings.yaml"]
    code = run(arguments)
    assert (code, capsys.readouterr().err) == (0, "")
