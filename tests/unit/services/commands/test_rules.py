"""``ashiato rules`` lists, checks, tests and locks, and ends with the code that CI looks at."""

import json
from pathlib import Path

import pytest

from services.cli import run
from services.rulebook_files import LOCK_NAME, read_rulebook
from tests.support.rules import TEXT, changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "T-RULE.yml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_list_shows_every_rule_with_its_clause(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list"]) == 0
    out = capsys.readouterr().out
    for rule in read_rulebook():
        assert rule.id in out
        assert rule.clause in out


def test_list_as_json_says_everything_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "list", "--json"]) == 0
    rows = {row["rule"]: row for row in json.loads(capsys.readouterr().out)}
    store = rows["XB-STORE"]
    assert store["about"] == ["asset", "destination"]
    assert store["policy_item"] == "storage"
    assert store["reason"]["ja"].endswith("。")
    assert store["sha256"] == {rule.id: rule.sha256 for rule in read_rulebook()}["XB-STORE"]


def test_check_tells_that_the_rules_compile(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "check"]) == 0
    assert "compile exactly" in capsys.readouterr().out


def test_check_tells_every_error_with_file_line_and_column(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = changed(("level: low", "level: grave"), ("asset.abroad: true\n  listed", "asset.nowhere|often: 1\n  listed"))
    (folder / "T-RULE.yml").write_text(text, encoding="utf-8")
    assert run(["rules", "check", "--rules", str(folder)]) == 2
    err = capsys.readouterr().err
    assert f"{folder / 'T-RULE.yml'}:3:1: " in err
    assert f"{folder / 'T-RULE.yml'}:11:5: " in err


def test_tests_of_the_rulebook_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "test"]) == 0
    assert "hold" in capsys.readouterr().out


def test_a_test_that_does_not_hold_is_shown_and_ends_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = changed(("facts: {}", "facts: {asset.abroad: true}"))
    (folder / "T-RULE.yml").write_text(text, encoding="utf-8")
    assert run(["rules", "test", "--rules", str(folder)]) == 1
    told = capsys.readouterr()
    assert "nothing is known: expected no match, found a match for asset" in told.out
    assert "1 of 4 tests do not hold" in told.err


def test_tests_of_one_rule_can_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "test", "XB-STORE"]) == 0
    assert "of 1 rule hold" in capsys.readouterr().out


def test_a_rule_that_does_not_exist_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "test", "XB-STOER"]) == 2
    assert "there is no rule XB-STOER" in capsys.readouterr().err


def test_lock_locks_and_check_holds_until_a_rule_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["rules", "lock", "--rules", str(folder)]
    assert run([*arguments, "--check"]) == 1
    assert run(arguments) == 0
    assert run([*arguments, "--check"]) == 0
    (folder / "T-RULE.yml").write_text(changed(("Look.", "Look twice.")), encoding="utf-8")
    assert run([*arguments, "--check"]) == 1
    assert "T-RULE changed and its version did not" in capsys.readouterr().err


def test_lock_refuses_a_changed_rule_whose_version_did_not_grow(folder: Path) -> None:
    arguments = ["rules", "lock", "--rules", str(folder)]
    assert run(arguments) == 0
    kept = (folder / LOCK_NAME).read_bytes()
    (folder / "T-RULE.yml").write_text(changed(("Look.", "Look twice.")), encoding="utf-8")
    assert run(arguments) == 2
    assert (folder / LOCK_NAME).read_bytes() == kept
    (folder / "T-RULE.yml").write_text(
        changed(("Look.", "Look twice."), ("version: 1", "version: 2")), encoding="utf-8"
    )
    assert run(arguments) == 0


def test_the_lock_of_the_program_is_current() -> None:
    assert run(["rules", "lock", "--check"]) == 0


@pytest.mark.parametrize("name", ["list", "check", "test", "lock"])
def test_help_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", name, "--help"]) == 0
    assert f"ashiato rules {name}" in capsys.readouterr().out.split("Example:")[1]
