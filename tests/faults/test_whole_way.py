"""The whole way as people run it: senders, gateway, Kafka, recorder, each of them killed under load."""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.topics import EVENTS
from tests.faults.report import keep_numbers, share
from tests.support.gateways import BATCH, BEARER, producers_file
from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import committed, ends
from tests.support.programs import PATIENCE, Program, forked_program, program, ran
from tests.support.stores import event, open_store

GROUP = "ashiato-recorder"
SENDERS = 3
ROUNDS = share(4)


@pytest.fixture
def config(tmp_path: Path, broker: Broker) -> Path:
    """Return the settings of gateway and recorder on a broker of their own."""
    path = tmp_path / "ashiato.yaml"
    settings = {
        "data_dir": str(tmp_path / "data"),
        "kafka": {
            "bootstrap": broker.bootstrap, "session_timeout_ms": 3000, "heartbeat_ms": 500, "request_timeout_ms": 5000,
        },
        "gateway": {
            "producers_file": str(producers_file(tmp_path, source_prefix="urn:app")),
            "port": 0, "events_per_second": 1_000_000, "burst": 1_000_000,
        },
        "ops": {"port": 0},
        "recorder": {"batch_rows": 200, "batch_ms": 50},
    }  # fmt: skip
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


@pytest.mark.asyncio
@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_every_event_that_the_gateway_accepted_is_in_evidence_once_whoever_is_killed(
    config: Path, broker: Broker
) -> None:
    folder, chance = config.parent, random.Random()  # noqa: S311  (the instants are random, the outcome must not be)
    await ran("topics", "create", "--partitions", "3", "--config", str(config), folder=folder)
    accepted, asked, numbers = set[str](), Counter[str](), itertools.count()
    for number in range(ROUNDS):
        # A group of its own: nobody waits until a dead member is missed, and where to go on, ranges alone say.
        group = f"{GROUP}-{number}"
        command = partial(forked_program, "run", folder=folder, ASHIATO_CONFIG=str(config))
        async with command("recorder", ASHIATO_KAFKA__GROUP=group) as recorder, command("gateway") as gateway:
            port = (await gateway.says("taking events in"))["port"]
            senders = [asyncio.create_task(_send(port, numbers, accepted, asked)) for _ in range(SENDERS)]
            await _at_work(recorder, broker, group)
            await asyncio.sleep(chance.uniform(0, 1))
            if number % 2:
                await asyncio.to_thread(broker.kill)
                await asyncio.to_thread(broker.start)
                await asyncio.sleep(chance.uniform(0, 2))
            await gateway.kill()
            await asyncio.gather(*senders)
        # The recorder has been killed too.
    async with program("run", "recorder", "--config", str(config), folder=folder) as recorder:
        goal, done = await ends(broker.bootstrap, EVENTS), dict[int, int]()
        while done != goal:
            before = done
            async with asyncio.timeout(90):  # however long the backlog is, something comes of it by then
                while (done := await committed(broker.bootstrap, GROUP, EVENTS)) == before:
                    assert recorder.process.poll() is None, recorder.lines()[-1]
                    await asyncio.sleep(0.2)
        assert await recorder.stop() == 0

    with open_store(folder / "data") as store:
        rows = store.rows("SELECT `event.id` AS id, count() AS times FROM evidence WHERE kind = 'event' GROUP BY id")
        (findings,) = store.rows("SELECT count() AS n FROM findings")
    found = {row["id"]: row["times"] for row in rows}
    assert len(accepted) > 50 * ROUNDS
    assert accepted <= found.keys() <= asked.keys()
    assert set(found.values()) == {1}
    keep_numbers(
        "gateway and recorder killed (kill -9), in every second round the broker too; events sent over HTTP", ROUNDS,
        messages=sum(goal.values()), events=len(found), findings=findings["n"],
    )  # fmt: skip


async def _at_work(recorder: Program, broker: Broker, group: str) -> None:
    """Wait until a recorder has recorded: whoever kills one before that has not killed much."""
    async with asyncio.timeout(PATIENCE):
        while not any((await committed(broker.bootstrap, group, EVENTS)).values()):
            assert recorder.process.poll() is None, recorder.lines()[-1]
            await asyncio.sleep(0.1)


async def _send(port: int, numbers: Iterator[int], accepted: set[str], asked: Counter[str]) -> None:
    """Send batches, each event once, until nobody answers any more."""
    async with httpx.AsyncClient(headers={**BEARER, "content-type": BATCH}, trust_env=False, timeout=30) as client:
        while True:
            events: list[dict[str, Any]] = [event(number) for number in itertools.islice(numbers, 20)]
            names = [one["id"] for one in events]
            asked.update(names)
            try:
                answer = await client.post(f"http://127.0.0.1:{port}/v1/events", content=json.dumps(events))
            except httpx.TransportError:
                return
            if answer.status_code == 202:
                accepted.update(names)
            else:
                assert answer.status_code == 503, answer.text  # the broker is away
                await asyncio.sleep(0.2)
