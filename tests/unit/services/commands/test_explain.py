"""``ashiato explain``: why a flag was raised; that somebody read it is recorded."""

import json
from pathlib import Path

import pytest

from services.cli import run
from services.store import Store
from tests.support.flagged import TRANSFER, flagged_store
from tests.support.stores import NOW


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explained")
    flagged_store(path, TRANSFER).close()
    return path


@pytest.fixture(scope="module")
def flag(data_dir: Path) -> str:
    with Store.open(data_dir, now=NOW) as store:
        return str(store.rows("SELECT id FROM flags WHERE rule = 'XB-STORE'")[0]["id"])


def test_a_flag_is_explained_by_the_beginning_of_its_id(
    data_dir: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", flag[:8], "--data-dir", str(data_dir)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("XB-STORE  high")
    assert f"flag {flag}: asset crm, party own, country SG" in out


def test_japanese_readers_are_told_in_japanese(data_dir: Path, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", flag, "--lang", "ja", "--data-dir", str(data_dir)]) == 0
    assert "電気通信事業法" in capsys.readouterr().out


def test_json_holds_the_flag_the_facts_and_the_evidence(
    data_dir: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", flag, "--json", "--data-dir", str(data_dir)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["flag"]["id"] == flag
    assert told["event"]["event.time"] == "2026-11-02T02:02:00Z"
    assert told["explanation"]["why"]["holds"] is True
    assert told["explanation"]["facts"]
    assert told["evidence"]["record"].startswith("leaf ")


def test_that_somebody_read_it_is_recorded(data_dir: Path, flag: str) -> None:
    asked = "SELECT count() AS acts FROM acts WHERE kind = 'evidence_read' AND text LIKE 'explain %'"
    with Store.open(data_dir, now=NOW) as store:
        before = store.rows(asked)[0]["acts"]
    run(["explain", flag, "--data-dir", str(data_dir)])
    with Store.open(data_dir, now=NOW) as store:
        assert store.rows(asked)[0]["acts"] == before + 1


@pytest.mark.parametrize("name", ["ffffffffffffffff", "XB-STORE", "'; DROP"])
def test_no_such_flag_exits_with_2(name: str, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name, "--data-dir", str(data_dir)]) == 2
    assert "flags list" in capsys.readouterr().err


def test_no_such_event_exits_with_2(data_dir: Path, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", flag, "--event", "2", "--data-dir", str(data_dir)]) == 2
    assert "it has 1" in capsys.readouterr().err


def test_without_evidence_it_says_where_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "1f0c", "--data-dir", str(tmp_path / "none")]) == 2
    assert "ashiato ingest" in capsys.readouterr().err
