"""The local front: others reach the store through the process that holds it, and nobody else does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import services.local_front
import services.store
from schemas.errors import StoreAwayError, StoreBusyError, StoreError
from services import migrations
from services.front_announcement import Announcement, announce, announced
from services.local_front import LocalFront
from services.query import run_query
from services.store import Store
from tests.support.stores import NOW, counts, event, evidence, ingest, lines, open_store


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Store]:
    """Hold a data directory and let others in."""
    with open_store(tmp_path / "data") as store, LocalFront(store.directory):
        yield store


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.ndjson"
    path.write_text(lines(event(i) for i in range(20)))
    return path


def _ashiato(store: Store, *arguments: str) -> str:
    command = [sys.executable, "-m", "services.cli", *arguments, "--data-dir", str(store.directory.path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _post(store: Store, sql: str, token: str) -> int:
    found = announced(store.directory)
    assert found is not None
    request = urllib.request.Request(found.url, sql.encode(), {"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)


def test_commands_of_other_processes_go_through_the_one_that_holds_the_directory(held: Store, log: Path) -> None:
    _ashiato(held, "ingest", str(log))
    asked = json.loads(_ashiato(held, "query", "SELECT count() AS n FROM evidence"))

    assert asked == [{"n": 20}]
    assert counts(held)["events"] == 20
    (act,) = held.rows("SELECT kind, rows FROM acts WHERE kind = 'evidence_read'")
    assert act["rows"] == 1


def test_what_is_seen_through_the_front_is_what_is_there(held: Store, log: Path) -> None:
    ingest(held, log)
    with Store.open(held.directory.path, now=NOW) as through:
        assert evidence(through) == evidence(held)
        assert counts(through) == counts(held)
        assert run_query(through, "SELECT max(`position.offset`) AS last FROM evidence")[1] == [{"last": 19}]
        assert through.directory.keys == held.directory.keys
    assert counts(held)["events"] == 20, "closing a way through closes nothing else"


def test_only_who_knows_the_token_is_let_in(held: Store) -> None:
    found = announced(held.directory)
    assert found is not None
    assert _post(held, "SELECT 1", found.token) == 200
    assert _post(held, "SELECT 1", found.token[:-1]) == 403
    assert _post(held, "SELECT 1", "") == 403
    assert held.directory.front.stat().st_mode & 0o777 == 0o600
    assert found.url.startswith("http://127.0.0.1:")


def test_the_token_does_not_reach_a_proxy_of_the_environment(held: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Store.open(held.directory.path, now=NOW) as through:
        assert counts(through)["events"] == 0


def test_when_the_holder_ends_the_next_one_holds_the_directory_itself(tmp_path: Path, log: Path) -> None:
    with open_store(tmp_path / "data") as store:
        with LocalFront(store.directory):
            ingest(store, log)
        assert announced(store.directory) is None
        with pytest.raises(StoreBusyError):
            open_store(tmp_path / "data")
    with open_store(tmp_path / "data") as store:
        assert counts(store)["events"] == 20


def test_what_a_killed_holder_announced_is_taken_away(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        directory = store.directory
    announce(directory, Announcement("http://127.0.0.1:9", "old"))
    with open_store(tmp_path / "data") as store:
        assert counts(store)["events"] == 0
        assert announced(directory) is None


def test_a_holder_that_answers_no_more_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.store, "_WAIT_SECONDS", 0.01)
    with open_store(tmp_path / "data") as store:
        announce(store.directory, Announcement("http://127.0.0.1:9", "token"))
        with pytest.raises(StoreBusyError, match=f"process {os.getpid()} is working with it"):
            open_store(tmp_path / "data")


def test_what_is_no_announcement_is_none(tmp_path: Path) -> None:
    with open_store(tmp_path / "data") as store:
        for text in ("", "{", "[]", '{"url": "http://127.0.0.1:1"}', "null"):
            store.directory.front.write_text(text)
            assert announced(store.directory) is None


def test_tables_are_not_changed_under_the_feet_of_the_holder(held: Store) -> None:
    last = migrations.known()[-1].name
    held.client.command(f"ALTER TABLE migrations DELETE WHERE name = '{last}' SETTINGS mutations_sync = 1")
    with pytest.raises(StoreError, match="older than this program"):
        Store.open(held.directory.path, now=NOW, migrate=True)


NAP = "SELECT sleepEachRow(0.5) AS n FROM numbers({seconds:UInt8} * 2) SETTINGS max_block_size = 1"


def _napping(store: Store, count: int) -> list[threading.Thread]:
    """Ask for naps of two seconds through the front; return when all of them are being run."""
    threads = [threading.Thread(target=_nap, args=(store,)) for _ in range(count)]
    for one in threads:
        one.start()
    asked = (
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'"
    )
    while store.rows(asked)[0]["n"] < count:
        time.sleep(0.01)
    return threads


naps: list[object] = []


def _nap(store: Store) -> None:
    with Store.open(store.directory.path, now=NOW) as through:
        naps.append(through.rows(NAP, {"seconds": 2}))


def test_past_so_many_requests_at_a_time_more_are_refused_and_may_come_again(
    held: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.local_front, "AT_A_TIME", 2)
    with LocalFront(held.directory), Store.open(held.directory.path, now=NOW) as through:
        waiting = _napping(held, 2)
        with pytest.raises(StoreAwayError, match="too many queries at a time"):
            through.rows("SELECT 1")
        for one in waiting:
            one.join()
        assert through.rows("SELECT 1 AS n") == [{"n": 1}]


def test_what_is_being_run_when_the_front_ends_may_end_first(tmp_path: Path) -> None:
    naps.clear()
    with open_store(tmp_path / "data") as store:
        with LocalFront(store.directory):
            (waiting,) = _napping(store, 1)
        waiting.join()
    assert naps == [[{"n": 0}] * 4]
