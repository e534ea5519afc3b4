"""``ashiato serve`` as people run it: one process, one port, and nothing lost whatever ends it."""

import asyncio
import itertools
import json
import os
import random
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.report import keep_numbers, share
from tests.support.gateways import BATCH, BEARER, producers_file
from tests.support.judging import register_file
from tests.support.programs import PATIENCE, Program, forked_program, program, ran
from tests.support.stores import event, open_store

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(300)]

KILLS = share(4)
Lent = Callable[..., AbstractAsyncContextManager[Program]]
MESSAGES = 'ashiato_messages_total{source="spool:audit.events"}'
NO_LAG = 'ashiato_lag_messages{partition="0",source="spool:audit.events"} 0.0'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the settings of a small installation: producers, register, data directory."""
    producers = producers_file(tmp_path, source_prefix="urn:app")
    settings = {
        "data_dir": str(tmp_path / "data"),
        "gateway": {"producers_file": str(producers), "port": 0, "events_per_second": 1_000_000, "burst": 1_000_000},
        "paths": {"register": str(register_file(tmp_path)), "watch_seconds": 3_600},
        "recorder": {"batch_rows": 200, "batch_ms": 50},
    }
    path = tmp_path / "ashiato.yaml"
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


@asynccontextmanager
async def serving(config: Path, lent: Lent = program) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
    async with lent("serve", "--config", str(config), folder=config.parent) as one:
        port = (await one.says("taking events in"))["port"]
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, headers=BEARER, trust_env=False, timeout=PATIENCE) as client:
            yield one, client


async def send(client: httpx.AsyncClient, events: list[dict[str, Any]]) -> int:
    answer = await client.post("/v1/events", content=json.dumps(events).encode(), headers={"content-type": BATCH})
    return answer.status_code


async def sees(client: httpx.AsyncClient, path: str, *lines: str) -> str:
    """Wait until an answer is 200 and holds all these lines; return it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await client.get(path)
            if answer.status_code == 200 and all(line in answer.text for line in lines):
                return answer.text
            await asyncio.sleep(0.05)


async def drained(serve: Program, client: httpx.AsyncClient) -> None:
    """Wait until nothing is left to read. However long the backlog is, something comes of it by then."""
    told = ""
    while NO_LAG not in told:
        before = told
        async with asyncio.timeout(PATIENCE):
            while (told := messages_and_lag(await sees(client, "/metrics"))) == before:
                assert serve.process.poll() is None, serve.log()
                await asyncio.sleep(0.1)


def messages_and_lag(metrics: str) -> str:
    """Return what the metrics say of messages that were recorded and that are left."""
    return "\n".join(line for line in metrics.splitlines() if line.startswith((MESSAGES, NO_LAG.partition(" ")[0])))


async def records(client: httpx.AsyncClient, messages: int) -> None:
    """Wait until the process has recorded so many messages."""
    await sees(client, "/metrics", f"{MESSAGES} {messages}.0")


def recorded(config: Path) -> dict[str, int]:
    """Return how often each event is in evidence, by its id."""
    with open_store(config.parent / "data") as store:
        rows = store.rows("SELECT `event.id` AS id, count() AS times FROM evidence GROUP BY id")
        gaps = store.rows(
            "SELECT accepted_first, accepted_last FROM ranges WHERE startsWith(source, 'spool:') "
            "ORDER BY source, accepted_first"
        )
    ends = [(row["accepted_first"], row["accepted_last"]) for row in gaps]
    assert [first for first, _ in ends] == [0, *(last + 1 for _, last in ends[:-1])]
    return {row["id"]: row["times"] for row in rows}


async def test_what_is_acknowledged_becomes_evidence_and_other_commands_see_it_while_it_runs(config: Path) -> None:
    async with serving(config) as (serve, client):
        assert await send(client, [event(number) for number in range(250)]) == 202
        ready = json.loads(await sees(client, "/readyz"))
        assert set(ready["checks"]) == {"spool", "recorder", "store", "register"}
        await records(client, 250)
        data = str(config.parent / "data")
        counted = await ran(
            "query", "SELECT count() AS n FROM evidence", "--json", "--data-dir", data, folder=config.parent
        )
        assert json.loads(counted)[0]["n"] == 250
        assert "UNKNOWN-ASSET" in await ran("flags", "list", "--data-dir", data, folder=config.parent)
        assert await serve.stop() == 0
        assert serve.lines()[-1]["message"] == "told to stop"
    assert recorded(config) == {f"e{number}": 1 for number in range(250)}


async def test_a_full_disk_is_waited_for(config: Path) -> None:
    with_noise = [event(number, purpose=os.urandom(600).hex()) for number in range(2_000)]
    async with serving(config) as (serve, client):
        limit = resource.prlimit(serve.process.pid, resource.RLIMIT_FSIZE)
        assert await send(client, with_noise) == 202
        # No file may grow beyond this: not the spool, and no part of the store that a batch of such events makes.
        resource.prlimit(serve.process.pid, resource.RLIMIT_FSIZE, (100_000, limit[1]))
        await sees(client, "/metrics", 'ashiato_retries_total{away="store",stage="rows"}')
        assert await send(client, [event(2_000, purpose="x" * 4_000)] * 100) == 503
        assert serve.process.poll() is None
        resource.prlimit(serve.process.pid, resource.RLIMIT_FSIZE, limit)
        await records(client, 2_000)
        assert await send(client, [event(2_001)]) == 202
        await records(client, 2_001)
        assert await serve.stop() == 0
    assert recorded(config) == {f"e{number}": 1 for number in [*range(2_000), 2_001]}


async def test_a_register_that_is_changed_judges_what_comes_after_it(config: Path) -> None:
    async with serving(config) as (serve, client):
        assert await send(client, [event(1)]) == 202
        await records(client, 1)
        register_file(config.parent, name="Tsubame Mobile")
        serve.process.send_signal(signal.SIGHUP)
        await serve.says("another version is in use")
        assert await send(client, [event(2)]) == 202
        await records(client, 2)

        (config.parent / "register" / "all.yaml").write_text("parties: [{id: 7}]\n")
        serve.process.send_signal(signal.SIGHUP)
        await serve.says("a new version is refused, the one before stays in use")
        assert await send(client, [event(3)]) == 202
        await records(client, 3)
        await sees(client, "/metrics", 'ashiato_reload_refused{what="register"} 1.0')
        assert await serve.stop() == 0
    with open_store(config.parent / "data") as store:
        used = [row["r"] for row in store.rows("SELECT register_sha256 AS r FROM ranges ORDER BY accepted_first")]
        acts = [row["text"] for row in store.rows("SELECT text FROM acts WHERE kind = 'register_loaded' ORDER BY at")]
    assert used[1:] == [used[1], used[1]]
    assert acts == [used[0], used[1]]


@pytest.mark.timeout(120 + 30 * KILLS)
async def test_every_event_that_was_acknowledged_is_in_evidence_once_after_kills_at_random_instants(
    config: Path,
) -> None:
    """Kills under load; what was not acknowledged may be there, once as well."""
    acknowledged: set[str] = set()
    numbers = itertools.count()
    dice = random.Random(20261123)  # noqa: S311
    for _ in range(KILLS):
        async with serving(config, forked_program) as (serve, client):
            senders = [asyncio.create_task(load(client, numbers, acknowledged)) for _ in range(4)]
            await asyncio.sleep(dice.uniform(0.05, 1.5))
            await serve.kill()
            await asyncio.gather(*senders)
    async with serving(config) as (serve, client):
        await drained(serve, client)  # all is read; what is read is recorded before a good end
        assert await serve.stop() == 0
    found = recorded(config)
    assert len(acknowledged) > 100
    assert acknowledged <= found.keys()
    assert set(found.values()) == {1}
    assert len(found) == in_spool(config)
    keep_numbers("`ashiato serve` killed (kill -9) under load", KILLS, messages=len(found), events=len(found))


async def load(client: httpx.AsyncClient, numbers: Iterator[int], acknowledged: set[str]) -> None:
    """Send batches until nobody answers any more."""
    while True:
        events = [event(number) for number in itertools.islice(numbers, 20)]
        try:
            status = await send(client, events)
        except httpx.TransportError:
            return
        assert status == 202
        acknowledged.update(one["id"] for one in events)


def in_spool(config: Path) -> int:
    with sqlite3.connect(config.parent / "data" / "spool" / "spool.sqlite") as spool:
        count: int = spool.execute("SELECT count(*) FROM messages").fetchone()[0]
    spool.close()
    return count


def reviews_every(config: Path, seconds: float) -> None:
    settings = json.loads(config.read_text())
    settings["recorder"]["review_seconds"] = seconds
    config.write_text(json.dumps(settings))


async def test_an_id_that_came_again_with_other_content_is_found_once_while_it_runs_and_after_a_kill(
    config: Path,
) -> None:
    reviews_every(config, 0.2)
    counted = 'ashiato_findings_total{level="high",rule="TRAIL-ID-REUSED"} 2.0'
    async with serving(config) as (serve, client):
        assert await send(client, [event(1), event(2), event(3)]) == 202
        assert await send(client, [event(1, action="export"), event(2)]) == 202
        await sees(client, "/metrics", counted)
        await serve.kill()
    reviews_every(config, 3_600)
    async with serving(config) as (serve, client):
        assert await send(client, [event(3, action="export")]) == 202
        await records(client, 1)
        assert await serve.stop() == 0  # what the timer has not reviewed is reviewed now

    assert recorded(config) == {"e1": 2, "e2": 2, "e3": 2}
    with open_store(config.parent / "data") as store:
        rows = store.rows(
            "SELECT `position.offset` AS o FROM findings WHERE rule = {rule:String} ORDER BY o",
            {"rule": "TRAIL-ID-REUSED"},
        )
    assert [row["o"] for row in rows] == [0, 2, 3, 5]


async def test_a_spool_that_is_not_the_one_that_was_recorded_ends_it_with_the_reason(config: Path) -> None:
    async with serving(config) as (serve, client):
        assert await send(client, [event(number) for number in range(5)]) == 202
        await records(client, 5)
        await serve.kill()
    for file in (config.parent / "data" / "spool").iterdir():
        file.unlink()
    async with program("serve", "--config", str(config), folder=config.parent) as again:
        assert await again.ends() == 1
        assert "the log ends before what was recorded of it" in again.lines()[-1]["said"]


async def test_two_cannot_serve_one_directory(config: Path) -> None:
    async with serving(config), program("serve", "--config", str(config), folder=config.parent) as second:
        assert await second.ends() == 2
        assert "another process serves this data directory" in second.lines()[-1]["said"]


async def test_without_producers_nobody_is_let_in(tmp_path: Path) -> None:
    async with program("serve", folder=tmp_path) as one:
        assert await one.ends() == 2
        assert "gateway.producers_file is not set" in one.lines()[-1]["said"]
