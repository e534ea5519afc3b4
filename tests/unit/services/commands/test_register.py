"""The command line of the register, run as people run it."""

import json
from pathlib import Path

import pytest

from services.cli import run

HOLDS = """
parties:
- {id: us, valid_from: 2025-04-01, valid_to: 2026-04-01, name: 我社, kind: own}
- {id: us, valid_from: 2026-04-01, name: 新社名, kind: own}
countries:
- {code: NO, valid_from: 2025-04-01, affecting: no}
"""


@pytest.fixture
def register(tmp_path: Path) -> str:
    path = tmp_path / "register.yaml"
    path.write_text(HOLDS, encoding="utf-8")
    return str(path)


@pytest.fixture
def data_dir(tmp_path: Path) -> str:
    return str(tmp_path / "data")


def test_a_register_that_holds_passes_with_its_warnings(register: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["register", "check", register]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("The register holds: 2 parties, 1 country; version ")
    reason = "without assessed_on it counts as missing (FS-UNASSESSED)"
    assert err == f"warning: {register}:6:3: the assessment has no date: {reason} (add assessed_on)\n"


def test_a_register_that_does_not_hold_fails_with_every_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("countries:\n- {code: UK, valid_from: 2025-04-01, affecting: maybe}\nasets: []\n")
    assert run(["register", "check", str(path)]) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[0] == "failed: the register does not hold: 3 error(s)"
    assert f"{path}:2:10: UK is not a country code: ISO 3166-1 does not assign it (write GB)" in err
    assert run(["register", "check", str(path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["holds"], said["sha256"]) == (False, None)
    assert [(error["line"], error["column"]) for error in said["errors"]] == [(2, 10), (2, 49), (3, 1)]


def test_a_path_that_does_not_exist_is_wrong_use(tmp_path: Path) -> None:
    assert run(["register", "check", str(tmp_path / "none")]) == 2
    assert run(["register", "check"]) == 2
    assert run(["register", "diff", "nosuch", "empty", "--data-dir", str(tmp_path)]) == 2


def test_a_loaded_register_is_shown_by_day_part_and_key(
    register: str, data_dir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "load", register, "--data-dir", data_dir]) == 0
    assert capsys.readouterr().out.startswith("Loaded: 2 parties, 1 country; version ")
    assert run(["register", "load", register, "--data-dir", data_dir]) == 0
    assert capsys.readouterr().out.startswith("This version is loaded already: ")
    assert run(["register", "show", "--data-dir", data_dir, "--json"]) == 0
    assert {part: len(rows) for part, rows in json.loads(capsys.readouterr().out).items()} == {
        "parties": 2,
        "countries": 1,
    }
    assert run(["register", "show", "parties", "us", "--at", "2026-03-31", "--data-dir", data_dir]) == 0
    out = capsys.readouterr().out
    assert "我社" in out
    assert "新社名" not in out
    assert run(["register", "show", "parties", "uss", "--data-dir", data_dir]) == 2
    assert "did you mean us?" in capsys.readouterr().err
    assert run(["register", "show", "parties", "us", "--at", "2020-01-01", "--data-dir", data_dir]) == 2
    assert "at that time" in capsys.readouterr().err


def test_norway_is_shown_in_quotes_so_that_it_is_read_back_as_norway(
    register: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "show", "--from", register, "countries", "NO"]) == 0
    assert "code: 'NO'" in capsys.readouterr().out


def test_what_changed_is_shown_between_paths_and_versions(
    register: str, data_dir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["register", "load", register, "--data-dir", data_dir]) == 0
    Path(register).write_text(HOLDS.replace("新社名", "別社名"), encoding="utf-8")
    capsys.readouterr()
    assert run(["register", "diff", "latest", register, "--data-dir", data_dir, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "part": "parties",
            "entry": "parties/us@2026-04-01",
            "change": "changed",
            "field": "name",
            "before": '"新社名"',
            "after": '"別社名"',
        }
    ]
    assert run(["register", "diff", register, register]) == 0
    assert capsys.readouterr().out == "The two registers say the same.\n"
    assert run(["register", "diff", "empty", register]) == 0
    assert "countries/NO@2025-04-01" in capsys.readouterr().out


def test_gaps_are_listed_with_stubs(tmp_path: Path, data_dir: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.ndjson"
    data = {"actor": {"issuer": "idp", "subject": "bob"}, "asset": {"locator": "db/crm"}, "action": "read"}
    one = {
        "specversion": "1.0",
        "type": "io.ashiato.access.v1",
        "id": "1",
        "source": "s",
        "time": "2026-11-01T00:00:00Z",
    }
    log.write_text(json.dumps({**one, "data": data}) + "\n")
    assert run(["ingest", str(log), "--data-dir", data_dir]) == 0
    capsys.readouterr()
    assert run(["register", "gaps", "--data-dir", data_dir, "--kind", "asset"]) == 0
    out = capsys.readouterr().out
    assert 'locators: [{pattern: "db/crm"}]' in out
    assert "bob" not in out
    assert run(["register", "gaps", "--data-dir", data_dir, "--limit", "1", "--no-stubs"]) == 0
    out, err = capsys.readouterr()
    assert "identities:" not in out
    assert "1 more; see them with --limit 2." in err
    assert run(["register", "gaps", "--data-dir", data_dir, "--json"]) == 0
    assert {gap["kind"] for gap in json.loads(capsys.readouterr().out)} == {"asset", "identity"}


@pytest.mark.parametrize("name", ["check", "load", "show", "diff", "gaps"])
def test_help_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["register", name, "--help"]) == 0
    assert f"ashiato register {name}" in capsys.readouterr().out.split("Example:")[1]
