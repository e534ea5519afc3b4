"""Where the benchmarks of the distributed shape run: a broker of their own, topics, events, data directories.

Everything is on the loopback and in one folder, which whoever made it removes when nothing more is measured (see
`place`). Producers send what they were given, once, and end.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError

from benchmarks.enriched_events import CARRIER
from examples.carrier import generate
from services.topics import EVENTS, INPUTS, OUT
from tests.support.kafka.broker import Broker
from tests.support.kafka.topics import create_topic

PARTITIONS: Final = 4
GROUP: Final = "benchmark"
BATCH_BYTES: Final = 512 << 10
JAVA_OPTIONS: Final = ("-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""More memory than in tests. Its code is compiled soon rather than well: a broker that has just started, unlike one
that has run for a day, spends a fifth of a core on compiling well for as long as is measured here."""
SENT_SECONDS: Final = 0.02
"""Of a rate, the events of so long are sent together, as by a producer that lingers: sender, broker and whoever looks
share two cores with what is measured."""
DAY: Final = dt.date(2026, 11, 2)


def native_messages(count: int, seed: int) -> list[bytes]:
    """Return native events of one day of the example carrier, in order of time; each is another one."""
    found: list[bytes] = []
    for entry in generate.messages(seed, count + count // 2 + 1_000, DAY):
        if entry.file.endswith(".ndjson"):
            found.append(json.dumps(entry.body, ensure_ascii=False, separators=(",", ":")).encode())
            if len(found) == count:
                break
    assert len(found) == count, f"the day has {len(found)} native events only"
    return found


@dataclass(slots=True)
class Sent:
    """What a producer has sent: for each partition the offset behind each batch, and when the batch was begun."""

    behind: dict[int, list[int]] = field(default_factory=lambda: {number: [] for number in range(PARTITIONS)})
    began: dict[int, list[float]] = field(default_factory=lambda: {number: [] for number in range(PARTITIONS)})

    def add(self, partition: int, behind: int, began: float) -> None:
        """Note one batch."""
        self.behind[partition].append(behind)
        self.began[partition].append(began)

    def between(self, partition: int, first: int, behind: int) -> Iterator[tuple[float, int]]:
        """Yield when they were sent and how many, of the messages from ``first`` to before ``behind``."""
        ends, at = self.behind[partition], first
        for number in range(bisect_right(ends, first), len(ends)):
            if at >= behind:
                return
            end = min(ends[number], behind)
            yield self.began[partition][number], end - at
            at = end


@dataclass(slots=True)
class Place:
    """A broker with fresh topics, and a folder."""

    folder: Path
    bootstrap: str

    def data_dir(self, name: str) -> Path:
        """Return a new data directory under the example's register."""
        path = self.folder / name
        ashiato("register", "load", str(CARRIER / "register"), "--data-dir", str(path))
        return path

    async def produce(self, messages: Sequence[bytes], count: int, *, rate: float | None = None) -> Sent:
        """Send ``count`` messages, from the first again under other ids where there are fewer, over all partitions.

        Args:
            messages: what to send.
            count: how many.
            rate: messages a second; None: as fast as it goes.
        """
        sent, size, started = Sent(), 500 if rate is None else max(1, round(rate * SENT_SECONDS)), time.monotonic()
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", compression_type="lz4", max_batch_size=BATCH_BYTES
        )
        await producer.start()
        try:
            open_: set[asyncio.Task[None]] = set()
            for number, first in enumerate(range(0, count, size)):
                if rate is not None:
                    await asyncio.sleep(max(0.0, started + first / rate - time.monotonic()))
                rows = min(size, count - first)
                chosen = [_under_an_id_of_its_own(messages, first + row) for row in range(rows)]
                open_.add(asyncio.create_task(_send(producer, number % PARTITIONS, chosen, sent)))
                if len(open_) >= 2 * PARTITIONS:
                    _, open_ = await asyncio.wait(open_, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.gather(*open_)
        finally:
            await producer.stop()
        return sent


def _under_an_id_of_its_own(messages: Sequence[bytes], number: int) -> bytes:
    """Return the message of a number; a producer names each event once, so those sent again are other events."""
    turn, index = divmod(number, len(messages))
    return messages[index].replace(b'"id":"', b'"id":"%d-' % turn, 1) if turn else messages[index]


async def _send(producer: AIOKafkaProducer, partition: int, messages: Sequence[bytes], sent: Sent) -> None:
    began, rest = time.monotonic(), iter(messages)
    left = len(messages)
    while left:
        batch = producer.create_batch()
        taken = 0
        for message in islice(rest, left):
            assert batch.append(timestamp=None, key=None, value=message) is not None, "a batch is too small"
            taken += 1
        batch.close()
        told = await (await producer.send_batch(batch, EVENTS, partition=partition))
        sent.add(partition, told.offset + taken, began)
        left -= taken


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    """Lend a broker with empty topics, which ends afterwards; what lies in the folder stays.

    What is removed costs whoever comes next: without a journal, ext4 looks for minutes at the inodes of removed files
    whenever a file is made, and each insert makes ten.
    """
    broker = Broker(folder / "broker", java_options=JAVA_OPTIONS).start()
    try:
        for topic in (*INPUTS, *OUT.values()):
            await create_topic(broker.bootstrap, topic, partitions=PARTITIONS)
        yield Place(folder, broker.bootstrap)
    finally:
        broker.kill()


class Offsets:
    """Offsets that a group's recorder has committed, which it does once a batch counts."""

    def __init__(self, admin: AIOKafkaAdminClient, group: str) -> None:
        self._admin = admin
        self._group = group

    async def now(self) -> dict[int, int]:
        """Return the offset behind what counts, by partition."""
        try:
            found = await self._admin.list_consumer_group_offsets(self._group)
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError):  # nobody has joined yet
            return {}
        return {one.partition: of.offset for one, of in found.items() if one.topic == EVENTS and of.offset >= 0}


@asynccontextmanager
async def committed_by(bootstrap: str, group: str = GROUP) -> AsyncIterator[Offsets]:
    """Lend something to ask how far the recorders of a group have come."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield Offsets(admin, group)
    finally:
        await admin.close()


def ashiato(*arguments: str) -> str:
    """Run a command to its good end; return what it printed."""
    command = [sys.executable, "-m", "services.cli", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment()).stdout


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a child: ours without settings of Ashiato, and these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ASHIATO_")}
    return {**clean, **settings}


def told_by(data_dir: Path) -> dict[str, Any]:
    """Return what a store holds: events, findings, and sums over the hashes of all of them.

    Findings of the identity review, which comes afterwards and which the baseline does without, are left out.
    """
    found: dict[str, Any] = {}
    for name, rows in {"evidence": "evidence", "findings": "findings WHERE rule != 'TRAIL-ID-REUSED'"}.items():
        # Both are written here: nothing of a stranger's comes into the statement.
        sql = f"SELECT count() AS {name}, toString(sum(cityHash64(leaf_hash))) AS {name}_hash FROM {rows}"  # noqa: S608
        found |= json.loads(ashiato("query", sql, "--data-dir", str(data_dir), "--json"))[0]
    return found
