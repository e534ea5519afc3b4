"""``ashiato doctor``: one line a check, and an exit code that scripts can use."""

import json
from pathlib import Path

import pytest

from services.cli import run


def test_a_machine_without_evidence_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--data-dir", str(tmp_path / "none")]) == 0
    out = capsys.readouterr().out
    assert "ok    rules" in out
    assert "→ ashiato ingest FILE" in out
    assert out.rstrip().endswith("0 failed, 2 to look at.")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_exits_with_1_and_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--mmdb", str(tmp_path / "none.mmdb"), "--data-dir", str(tmp_path / "none")]) == 1
    out = capsys.readouterr().out
    assert "fail  MMDB file" in out
    assert "ASHIATO_MMDB" in out


def test_json_tells_machines_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json", "--mmdb", str(tmp_path / "none.mmdb"), "--data-dir", str(tmp_path / "none")]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["MMDB file"]["state"] == "fail"
    assert checks["python"]["state"] == "ok"
    assert set(checks["store"]) == {"name", "state", "says", "todo"}
