"""A stage for each fault: topics of its own, a store, a crew of recorder processes, and the count at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord

from services.clock import utc_now
from services.store import Store
from streams.outgoing import Kind
from tests.faults.oracle import Counts, check, found
from tests.faults.program import Plan, open_store
from tests.faults.workers import Crew
from tests.support.clickhouse_front import Front, running_front
from tests.support.kafka.broker import Broker
from tests.support.kafka.fixtures import Topics
from tests.support.kafka.topics import create_topic, delete_topics, ends, read
from tests.support.stores import context

PARTITIONS = 3
KINDS: tuple[Kind, ...] = ("findings", "activity", "deadletter")


@dataclass
class Stage:
    """What one fault is played on.

    Attributes:
        bootstrap: the broker.
        topic: what is recorded; ``source`` is its name in positions.
        crew: the recorder processes.
        data: the store, or the keys of one that is a server.
        server: its address; empty: the embedded store.
    """

    bootstrap: str
    topic: str
    crew: Crew
    data: Path
    server: str = ""

    def open_store(self) -> Store:
        """Open the store; an embedded one only while no process runs."""
        return open_store(self.data, self.server, now=utc_now())

    @property
    def source(self) -> str:
        """The topic's name in positions."""
        return f"kafka:{self.topic}"

    async def caught_up(self, source: str = "") -> None:
        """Wait until everything that is in the topic now is recorded, by recorders that are alive."""
        log = await read(self.bootstrap, self.topic)
        goals = {(source or self.source, one.partition): one.offset + 1 for one in log}
        await self.crew.reach(goals, alive=[one for one in self.crew.all if one.exit_code is None])

    async def count(self, source: str = "", *, told: bool = True) -> Counts:
        """Compare the store with the topic, and what was told with the store; no process may run any more."""
        log = await read(self.bootstrap, self.topic)
        with self.open_store() as store:
            counts = check(store, source or self.source, log, await ends(self.bootstrap, self.topic), context())
            if told:
                await self._check_told(store)
        return counts

    async def recorded(self, source: str) -> int:
        """Return how many records of a source count."""
        with self.open_store() as store:
            return found(store, source).evidence.total()

    async def configure(self, config: Mapping[str, str]) -> None:
        """Give the topic other settings, while nothing is in it."""
        await delete_topics(self.bootstrap, self.topic)
        await create_topic(self.bootstrap, self.topic, partitions=PARTITIONS, config=config)

    async def until_fewer(self, topic: str, count: int) -> None:
        """Wait until compaction has left fewer messages than that."""
        async with asyncio.timeout(60):
            while len(await read(self.bootstrap, topic)) >= count:
                pass

    async def _check_told(self, store: Store) -> None:
        """Each finding and each dead letter was told, at least once, and nothing else was."""
        has = found(store, self.source)
        findings = {str(row[0]).encode() for row in has.findings}  # type: ignore[index]  # rows are tuples
        letters = {str(row[4]).encode() for row in has.evidence if row[3] == "dead_letter"}  # type: ignore[index]
        assert await self._told("findings") == findings
        assert await self._told("deadletter") == letters

    async def _told(self, kind: Kind) -> set[bytes | None]:
        messages: list[ConsumerRecord[bytes | None, bytes | None]] = await read(
            self.bootstrap, self.crew.plan.out[kind]
        )
        return {one.value for one in messages}


async def build(topics: Topics, folder: Path, *, server: str = "") -> Stage:
    """Return a stage on a broker."""
    bootstrap = topics.bootstrap
    topic = topics.name("events")
    out: dict[Kind, str] = {kind: topics.name(kind) for kind in KINDS}
    await create_topic(bootstrap, topic, partitions=PARTITIONS, config={"max.message.bytes": str(4 << 20)})
    for name in out.values():
        await create_topic(bootstrap, name)
    data = folder / "data"
    base = Plan(bootstrap, [topic], out, group=topics.name("group"), data=str(data), server=server)
    return Stage(bootstrap, topic, Crew(base, folder), data, server)


@pytest_asyncio.fixture
async def stage(topics: Topics, tmp_path: Path) -> AsyncIterator[Stage]:
    """Build a stage on the shared broker; afterwards no process and no topic of it is left."""
    built = await build(topics, tmp_path)
    yield built
    await _clear(built)


@pytest_asyncio.fixture
async def fragile(broker: Broker, tmp_path: Path) -> AsyncIterator[Stage]:
    """Build a stage on a broker of its own, which the test may stop and kill."""
    built = await build(Topics(broker.bootstrap), tmp_path)
    yield built
    built.crew.remove()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """Run a ClickHouse server that goes wrong on demand."""
    with running_front(tmp_path / "server") as running:
        yield running


@pytest_asyncio.fixture
async def shared(topics: Topics, front: Front, tmp_path: Path) -> AsyncIterator[Stage]:
    """Build a stage whose store is a server, so that several recorders can write to it."""
    built = await build(topics, tmp_path, server=front.url)
    built.open_store().close()  # the tables are there before the first of several comes
    yield built
    await _clear(built)


async def _clear(built: Stage) -> None:
    built.crew.remove()
    await delete_topics(built.bootstrap, built.topic, *built.crew.plan.out.values())
