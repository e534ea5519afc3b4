"""ingest, flags, query and migrate as a person calls them: one data directory, one log, real output."""

import datetime as dt
import errno
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from schemas.findings import RESTRICTED
from schemas.interpretations import Interpretations
from services import cli_support
from services.cli import run
from streams.register_versions import canonical_json, content_sha256
from tests.support.stores import NOW, event, ingest, lines, open_store

Output = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASHIATO_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "a.ndjson").write_text(lines(event(i) for i in range(5)) + "not json\n")
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which five events and a dead letter are recorded; tests read it and add nothing but acts."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "a.ndjson").write_text(lines(event(i) for i in range(5)) + "not json\n")
    with open_store(folder / "data") as store:
        ingest(store, folder / "a.ndjson")
    return folder / "data"


@pytest.fixture
def recorded(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASHIATO_DATA_DIR", str(made))


def _json(output: Output) -> object:
    return json.loads(output.readouterr().out)


def test_ingest_tells_what_came_in_and_what_to_do_next(here: Path, capsys: Output) -> None:
    assert run(["ingest", str(here / "a.ndjson")]) == 0
    out = capsys.readouterr().out

    for words in ("a.ndjson", "native", "5 events", "No register is loaded", "cannot be read are kept", "flags list"):
        assert words in out
    assert run(["ingest", str(here / "a.ndjson")]) == 0
    assert "0 events, 0 findings" in capsys.readouterr().out


def test_ingest_as_json_is_for_machines(here: Path, capsys: Output) -> None:
    assert run(["ingest", str(here / "a.ndjson"), "--json"]) == 0
    told = _json(capsys)

    assert isinstance(told, dict)
    assert [one["events"] for one in told["files"]] == [5]
    assert [one["dead_letters"] for one in told["files"]] == [1]
    assert told["rules"]["UNKNOWN-ASSET"] == 5


def test_an_empty_path_is_said_to_be_empty(here: Path, capsys: Output) -> None:
    assert run(["ingest", str(here / "a.ndjson"), ""]) == 2
    assert "the path is empty" in capsys.readouterr().err


def test_ingest_of_a_missing_file_records_the_others_and_ends_with_2(here: Path, capsys: Output) -> None:
    assert run(["ingest", str(here / "none.ndjson"), str(here / "a.ndjson")]) == 2
    told = capsys.readouterr()

    assert "not every file could be read to its end: 1 error(s)" in told.err
    assert "none.ndjson" in told.err
    assert "5 events" in told.out


@pytest.mark.parametrize("names", [["none.ndjson"], ["."], ["none.ndjson", "."]])
def test_ingest_of_nothing_but_what_is_not_there_tells_the_error_alone(
    here: Path, names: list[str], capsys: Output
) -> None:
    assert run(["ingest", *(str(here / name) for name in names)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"error: not every file could be read to its end: {len(names)} error(s)")


@pytest.mark.parametrize("text", ["", "\n \n", '{"Records": []}', "[]"])
def test_a_file_that_holds_nothing_is_told(here: Path, text: str, capsys: Output) -> None:
    nothing, log = str(here / "nothing.json"), str(here / "a.ndjson")
    Path(nothing).write_text(text)
    assert run(["ingest", nothing, log]) == 0
    out = capsys.readouterr().out
    assert f"{nothing} holds no event." in out
    assert f"{log} holds no event." not in out
    assert run(["ingest", log]) == 0
    assert "holds no event" not in capsys.readouterr().out, "all of it was recorded before"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_file_of_which_nothing_could_be_read_is_told_with_what_helps(
    here: Path, more: list[str], capsys: Output
) -> None:
    log = here / "a b.ndjson"
    log.write_text(lines(event(i) for i in range(3)))
    assert run(["ingest", str(log), "--format", "cloudtrail", *more]) == 0
    (hint,) = capsys.readouterr().err.splitlines()
    assert "every message became a dead letter; if --format cloudtrail was wrong: " in hint
    again = shlex.split(hint.split("wrong: ")[1])
    assert run([*again[1:], "--json"]) == 0
    told = capsys.readouterr()
    assert (json.loads(told.out)["files"][0]["events"], told.err) == (3, "")


def test_a_file_of_which_a_part_was_read_is_no_reason_to_doubt_the_format(here: Path, capsys: Output) -> None:
    log = str(here / "a.ndjson")
    assert run(["ingest", log, "--format", "native"]) == 0
    (here / "a.ndjson").write_text((here / "a.ndjson").read_text() + "not json\n")
    assert run(["ingest", log, "--format", "native"]) == 0
    (here / "b.ndjson").write_text("not json\n")
    assert run(["ingest", str(here / "b.ndjson")]) == 0
    assert capsys.readouterr().err == ""


def test_ingest_of_a_file_without_permission_records_the_others_and_says_what_to_do(
    here: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = here / "secret.ndjson"
    secret.write_text(lines([event(9)]))
    opened, allowed = Path.open, os.access

    def refuse(path: Path, *arguments: Any, **more: Any) -> Any:  # root may read whatever the mode says
        if path == secret:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != secret and allowed(path, mode))

    assert run(["ingest", str(secret), str(here / "a.ndjson")]) == 2
    told = capsys.readouterr()
    assert "secret.ndjson: the file cannot be read: no permission to read it (run as a user who may" in told.err
    assert "5 events" in told.out


@pytest.mark.usefixtures("recorded")
def test_flags_are_listed_and_shown(capsys: Output) -> None:
    capsys.readouterr()
    assert run(["flags", "list", "--json"]) == 0
    flags = _json(capsys)
    assert isinstance(flags, list)
    assert {one["rule"] for one in flags} >= {"UNKNOWN-ASSET", "UNKNOWN-PARTY"}
    flag = next(one for one in flags if one["rule"] == "UNKNOWN-ASSET")
    assert flag["operations"] == ["SELECT"]
    assert flag["title"]
    assert flag["clause"]

    assert run(["flags", "list", "--rule", "UNKNOWN-ASSET"]) == 0
    out = capsys.readouterr().out
    assert flag["id"] in out
    assert "UNKNOWN-PARTY" not in out

    assert run(["flags", "list", "--rule", "unknown-aset"]) == 2
    assert "did you mean UNKNOWN-ASSET?" in capsys.readouterr().err
    assert run(["flags", "list", "--asset", "none"]) == 0
    assert "No flag is of these" in capsys.readouterr().out

    assert run(["flags", "show", flag["id"][:8]]) == 0
    out = capsys.readouterr().out
    for words in (flag["id"], flag["title"], "asset.known=no", f"ashiato explain {flag['id']}"):
        assert words in out
    assert run(["flags", "show", flag["id"], "--json"]) == 0
    shown = _json(capsys)
    assert isinstance(shown, dict)
    assert len(shown["findings"]) == shown["positions"]
    assert shown["findings"][0]["facts"]["asset.known"] is False


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("width", [80, 100])
def test_flags_can_be_read_on_a_narrow_terminal(width: int, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["flags", "list", "--json"]) == 0
    flags = _json(capsys)
    assert isinstance(flags, list)
    screen = Console(width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(cli_support, "console", lambda: screen)
    assert run(["flags", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for flag in flags:
        (line,) = [line for line in lines if flag["id"] in line]
        assert {flag["rule"], flag["level"], str(flag["events"])} <= set(line.split())
    assert {"id", "level", "rule", "events", "last"} <= set(lines[0].split())
    assert lines[-1].startswith("Too narrow here for: ")


def test_what_few_may_see_is_listed_only_for_those_who_ask_for_it_and_that_is_recorded(
    here: Path, capsys: Output
) -> None:
    (here / "gov.ndjson").write_text(lines([event(1, exposure={"to": "government"})]))
    run(["ingest", str(here / "gov.ndjson")])
    capsys.readouterr()

    def listed(*more: str) -> set[str]:
        assert run(["flags", "list", "--json", *more]) == 0
        flags = _json(capsys)
        assert isinstance(flags, list)
        return {one["rule"] for one in flags}

    assert "UNKNOWN-ASSET" in listed()
    assert not listed() & RESTRICTED
    assert not listed("--rule", "GOV-PROVISION")
    assert "GOV-PROVISION" in listed("--restricted")

    assert run(["flags", "list", "--level", "critical"]) == 0
    out = capsys.readouterr().out
    assert "No flag is of these" in out
    assert "GOV-PROVISION) are left out, if there are any; --restricted lists them" in out
    assert run(["flags", "list", "--restricted", "--asset", "none"]) == 0
    assert "left out" not in capsys.readouterr().out
    assert run(["query", "SELECT text FROM acts ORDER BY at", "--json"]) == 0
    acts = _json(capsys)
    assert isinstance(acts, list)
    assert any("--restricted" in one["text"] for one in acts)


@pytest.mark.parametrize("command", [["flags", "show"], ["explain"]])
def test_a_flag_that_few_may_see_is_shown_to_those_who_ask_for_it_alone_and_that_is_recorded(
    here: Path, command: list[str], capsys: Output
) -> None:
    (here / "gov.ndjson").write_text(lines([event(1, exposure={"to": "government"})]))
    run(["ingest", str(here / "gov.ndjson")])
    with open_store(here / "data") as store:
        (flag,) = store.rows("SELECT id FROM flags WHERE rule = 'GOV-PROVISION'")
    capsys.readouterr()

    def refused(name: str) -> str:
        assert run([*command, name]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        return told.err.replace(name, "ID")

    assert "--restricted" in refused(flag["id"])
    assert refused(flag["id"]) == refused("0" * 16), "nor does it tell that there is one"
    assert run([*command, flag["id"], "--restricted"]) == 0
    assert "GOV-PROVISION" in capsys.readouterr().out
    with open_store(here / "data") as store:
        (act,) = store.rows("SELECT text FROM acts")
    assert (flag["id"] in act["text"], act["text"].endswith("--restricted")) == (True, True)


@pytest.mark.parametrize("command", [["flags", "show"], ["explain"]])
def test_a_carrier_that_hides_nothing_shows_every_flag(here: Path, command: list[str], capsys: Output) -> None:
    (here / "gov.ndjson").write_text(lines([event(1, exposure={"to": "government"})]))
    run(["ingest", str(here / "gov.ndjson")])
    settings = Interpretations().replace("leak.foreign_gov.restricted_visibility", False)
    with open_store(here / "data") as store:
        (flag,) = store.rows("SELECT id FROM flags WHERE rule = 'GOV-PROVISION'")
        text = canonical_json(settings)
        later = NOW + dt.timedelta(days=365_00)
        store.save_version("interpretations", content_sha256(settings), text, entries=1, now=later)
    assert run([*command, flag["id"]]) == 0
    assert "GOV-PROVISION" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["0000000000000000", "'; DROP TABLE acts", ""])
@pytest.mark.usefixtures("recorded")
def test_a_flag_that_is_not_there_is_told(capsys: Output, name: str) -> None:
    assert run(["flags", "show", name]) == 2
    assert "no single flag" in capsys.readouterr().err


@pytest.mark.usefixtures("recorded")
def test_a_query_is_answered_and_recorded(capsys: Output) -> None:
    capsys.readouterr()
    assert run(["query", "SELECT count() AS n FROM evidence", "--json"]) == 0
    assert _json(capsys) == [{"n": 6}]
    assert run(["query", "DROP TABLE acts"]) == 2
    assert "only SELECT" in capsys.readouterr().err
    assert run(["flags", "list", "--limit", "2"]) == 0
    assert "raise --limit" in capsys.readouterr().out

    assert run(["query", "SELECT text, rows FROM acts ORDER BY at", "--json"]) == 0
    acts = _json(capsys)
    assert isinstance(acts, list)
    read = [(one["text"], one["rows"]) for one in acts]
    assert ("SELECT count() AS n FROM evidence", 1) in read
    assert any(text.startswith("flags list") and rows == 2 for text, rows in read)


def test_the_query_of_the_help_counts_an_event_that_came_twice_once_as_flags_do(here: Path, capsys: Output) -> None:
    (here / "twice.ndjson").write_text(lines([event(1), event(2), event(1)]))
    assert run(["ingest", str(here / "twice.ndjson")]) == 0
    assert run(["query", "--help"]) == 0
    (sql,) = re.findall(r"ashiato query '(SELECT rule, .*)'", capsys.readouterr().out)
    assert run(["query", sql, "--json"]) == 0
    rows = _json(capsys)
    assert isinstance(rows, list)
    assert {row["rule"]: row["events"] for row in rows}.items() >= {("UNKNOWN-ASSET", 2), ("UNKNOWN-PARTY", 2)}
    with open_store(here / "data") as store:
        assert store.rows("SELECT count() AS n FROM findings WHERE rule = 'UNKNOWN-ASSET'") == [{"n": 3}]


def test_a_query_that_fails_is_recorded_as_well(here: Path, capsys: Output) -> None:
    """What the engine says of it may show what it had read."""
    run(["ingest", str(here / "a.ndjson")])
    sql = "SELECT throwIf(1, assumeNotNull((SELECT max(`event.id`) FROM evidence)))"
    assert run(["query", sql]) == 2
    capsys.readouterr()

    assert run(["query", "SELECT text, rows FROM acts", "--json"]) == 0
    assert _json(capsys) == [{"text": sql, "rows": 0}]


def test_nothing_to_read_is_told_and_nothing_is_made(here: Path, capsys: Output) -> None:
    for command in (["flags", "list"], ["query", "SELECT 1"]):
        assert run(command) == 2
        assert "run `ashiato ingest` or `ashiato demo` first" in capsys.readouterr().err
    assert not (here / "data").exists()


def test_migrate_makes_the_tables_and_may_run_again(here: Path, capsys: Output) -> None:
    for _ in range(2):
        assert run(["migrate", "--json"]) == 0
        told = _json(capsys)
        assert isinstance(told, list)
        assert [one["name"] for one in told][:2] == ["0001_evidence", "0002_views"]
    assert run(["flags", "list"]) == 0
    assert "Nothing is flagged." in capsys.readouterr().out
    assert here.exists()


def test_standard_input_is_read_and_goes_on_after_what_is_recorded(here: Path) -> None:
    command = [sys.executable, "-m", "services.cli", "ingest", "-", "--json"]
    seen = []
    for count in (3, 5):
        text = lines(event(i) for i in range(count))
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        seen.append([(one["known"], one["messages"]) for one in json.loads(done.stdout)["files"]])
    assert seen == [[(0, 3)], [(3, 2)]]
    assert (here / "data" / "store").is_dir()


def test_every_command_shows_an_example(capsys: Output) -> None:
    for command in (["ingest"], ["flags"], ["flags", "list"], ["flags", "show"], ["query"], ["migrate"]):
        assert run([*command, "--help"]) == 0
        assert "ashiato " in capsys.readouterr().out.split("Example:")[1]
