"""The distributed shape on one machine, broker included: speed, memory, lag, and the gateway.

    python -m benchmarks.kafka                                  # moderate sizes, about five minutes
    python -m benchmarks.kafka --only speed --events 1000000
    python -m benchmarks.kafka --only memory --backlog 5000000

Each part has a broker of its own (Apache Kafka 4.1, loopback, four partitions) with events of a day of
examples/carrier:

* speed: `ashiato run recorder`, with its default settings, and a plain Faust agent (`benchmarks.faust_baseline`) record
  the same topic into an embedded store each, one after the other. Told is what they do between their first batch that
  counts and their last, and what CPU time it costs them; every record and finding of both stores is compared by hash.
* memory: resident memory of a recorder, engine included, that works off a backlog.
* lag: a recorder gets a quarter of the rate of ``speed`` (or ``--rate``); told is the time from before an event was
  sent until its range is durable and its offset committed, as it is seen from outside, looked at every 50 ms.
* gateway: requests of one event and of a thousand, answered with 202 once they are durable: in the spool (SQLite, with
  fsync) of the embedded shape, and in Kafka (``acks=all``).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import fmean, harmonic_mean
from typing import Any, Final

from benchmarks.enriched_events import CARRIER
from benchmarks.gateway_load import free_port, listens, quantile, requests, send
from benchmarks.kafka_place import GROUP, Place, committed_by, environment, native_messages, place, told_by
from benchmarks.kafka_text import text
from benchmarks.processes import Course, Measured
from services.recorder import RecorderSettings
from tests.support.gateways import producers_file

LOOK_SECONDS: Final = 0.1
LAG_SECONDS: Final = 0.05
"""Between two looks at what is committed; what is told is more than it was by up to so much and an answer."""
PATIENCE: Final = 120.0
"""Seconds without any progress after which it gives up."""
POOL: Final = 200_000
"""A longer backlog than this is these events again and again, under other ids."""
BATCH: Final = 1_000
CONNECTIONS: Final = {1: 32, BATCH: 4}
"""Of the gateway's clients, by events of a request."""

Told = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Run the parts that are asked for, and print."""
    chosen = _arguments(arguments)
    found: Told = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:  # removed when all is measured: see `place`
        for name in chosen.only:
            if name == "lag" and chosen.rate is None and "speed" in found:
                chosen.rate = found["speed"]["recorder"]["events_per_second"] / 4
            found[name] = asyncio.run(PARTS[name](Path(tempfile.mkdtemp(dir=folder)), chosen))
            if not chosen.json:
                print(text(name, found[name]), flush=True)
        if chosen.json:
            print(json.dumps(found, indent=2), flush=True)
        else:
            print(f"{found['cores']} cores; load before {found['load']}", flush=True)
    return 0


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[*PARTS], default=[*PARTS], help="parts to run (default: all)")
    parser.add_argument("--events", type=int, default=200_000, help="events of the speed part (%(default)s)")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="events of the memory part (%(default)s)")
    parser.add_argument("--rate", type=float, help="events/s of the lag part (default: a quarter of the top speed)")
    parser.add_argument("--seconds", type=float, default=30, help="length of the lag part (%(default)s)")
    parser.add_argument("--requests", type=int, default=10_000, help="single events to the gateway (%(default)s)")
    parser.add_argument("--batches", type=int, default=100, help="batches to the gateway (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the day (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where broker and stores are put (default: the system's)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    chosen = parser.parse_args(arguments)
    if "speed" in chosen.only and chosen.events < (least := 2 * RecorderSettings().batch_rows):
        parser.error(f"--events {chosen.events}: a rate needs two full batches, {least:,} events or more")
    return chosen


# --- Speed ------------------------------------------------------------------------------------------------------------


async def _speed(folder: Path, chosen: argparse.Namespace) -> Told:
    messages = native_messages(chosen.events, chosen.seed)
    async with place(folder) as where:
        await where.produce(messages, chosen.events)
        stores = [where.data_dir(name) for name in ("recorder", "baseline", "again")]
        before = await _recorder_course(where, stores[0], chosen.events)
        for store in stores[1:]:
            shutil.copytree(stores[0] / "keys", store / "keys", dirs_exist_ok=True)
        baseline = await _baseline_course(where, stores[1], chosen.events)
        after = await _recorder_course(where, stores[2], chosen.events, f"{GROUP}-again")
        held, *others = map(told_by, stores)
    for other in others:
        assert held == other, f"the stores differ: {held} and {other}"
    # The baseline takes many minutes, in which a machine changes: what stands before and behind it counts alike.
    rate, cpu_us = harmonic_mean([before.rate, after.rate]), fmean([before.cpu_us, after.cpu_us])
    assert held["evidence"] == chosen.events, f"{chosen.events} were sent, {held['evidence']} are recorded"
    return {
        "events": chosen.events,
        "bytes_per_event": round(sum(map(len, messages)) / len(messages)),
        "findings": held["findings"],
        "before": _rates(before.rate, before.cpu_us),
        "after": _rates(after.rate, after.cpu_us),
        "recorder": _rates(rate, cpu_us),
        "faust": _rates(baseline.rate, baseline.cpu_us),
        "recorder_to_faust": round(rate / baseline.rate, 1),
        "faust_to_recorder_cpu": round(baseline.cpu_us / cpu_us, 1),
    }


def _rates(rate: float, cpu_us: float) -> Told:
    return {"events_per_second": round(rate), "cpu_us_per_event": round(cpu_us, 1)}


async def _recorder_course(where: Place, data_dir: Path, events: int, group: str = GROUP) -> Course:
    """Follow a recorder, alone in its group, until it has recorded everything."""
    course = Course()
    async with _recorder(where, data_dir, group) as process, committed_by(where.bootstrap, group) as offsets:
        moved = time.monotonic()
        done = 0
        while done < events:
            await asyncio.sleep(LOOK_SECONDS)
            now = sum((await offsets.now()).values())
            process.check()
            course.add(now, process)
            moved = time.monotonic() if now > done else moved
            done = now
            assert time.monotonic() - moved < PATIENCE, f"it stands still: {process.log.read_text('utf-8')[-4000:]}"
    return course


@asynccontextmanager
async def _recorder(where: Place, data_dir: Path, group: str = GROUP) -> AsyncIterator[Measured]:
    command = [sys.executable, "-m", "services.cli", "run", "recorder"]
    settings = environment(
        ASHIATO_DATA_DIR=str(data_dir),
        ASHIATO_KAFKA__BOOTSTRAP=where.bootstrap,
        ASHIATO_KAFKA__GROUP=group,
        ASHIATO_OPS__PORT="0",
        ASHIATO_PATHS__INTERPRETATIONS=str(CARRIER / "interpretations.yaml"),
        ASHIATO_LOG__LEVEL="warning",
    )
    with Measured(command, settings, where.folder / "recorder.log") as process:
        yield process


async def _baseline_course(where: Place, data_dir: Path, events: int) -> Course:
    """Follow the Faust agent until it has inserted everything."""
    given = {
        "bootstrap": where.bootstrap, "data_dir": str(data_dir), "folder": str(where.folder / "faust"),
        "batch_rows": RecorderSettings().batch_rows,
    }  # fmt: skip
    command, course = [sys.executable, "-m", "benchmarks.faust_baseline", json.dumps(given)], Course()
    with Measured(command, environment(), where.folder / "baseline.log", piped=True) as process:
        out = process.process.stdout
        assert out is not None
        while not course.points or course.points[-1][1] < events:
            line = await asyncio.wait_for(asyncio.to_thread(out.readline), PATIENCE)
            process.check()
            if line.startswith(b"{"):
                told = json.loads(line)
                course.add(told["events"], process, told["at"])
    return course


# --- Memory -----------------------------------------------------------------------------------------------------------


async def _memory(folder: Path, chosen: argparse.Namespace) -> Told:
    messages = native_messages(min(POOL, chosen.backlog), chosen.seed)
    async with place(folder) as where:
        await where.produce(messages, chosen.backlog)
        course = await _recorder_course(where, where.data_dir("recorder"), chosen.backlog)
    return {"backlog": chosen.backlog, "recorder": _rates(course.rate, course.cpu_us), **course.memory_told()}


# --- Lag --------------------------------------------------------------------------------------------------------------


async def _lag(folder: Path, chosen: argparse.Namespace) -> Told:
    rate = chosen.rate or 12_500.0
    count = int(rate * chosen.seconds)
    messages = native_messages(min(POOL, count), chosen.seed)
    seen: list[tuple[float, dict[int, int]]] = []
    async with place(folder) as where:
        first = await where.produce(messages, len(messages) // 10)
        before = {number: ends[-1] for number, ends in first.behind.items() if ends}
        async with _recorder(where, where.data_dir("recorder")) as process, committed_by(where.bootstrap) as offsets:
            await _seen(offsets.now, len(messages) // 10, process, [])  # what it does first is not its steady speed
            began = time.monotonic()
            sending = asyncio.create_task(where.produce(messages, count, rate=rate))
            await _seen(offsets.now, len(messages) // 10 + count, process, seen)
            sent = await sending
            took = max(times[-1] for times in sent.began.values()) - began
    lags: list[float] = []
    for at, behind in seen:
        for number, offset in behind.items():
            lags += [at - when for when, rows in sent.between(number, before[number], offset) for _ in range(rows)]
            before[number] = max(before[number], offset)
    assert len(lags) == count, f"{count} were sent, {len(lags)} were seen"
    lags.sort()
    told = {f"p{percent}_seconds": round(quantile(lags, percent / 100), 2) for percent in (50, 99)}
    return {"events": count, "events_per_second": round(count / took), **told, "most_seconds": round(lags[-1], 2)}


async def _seen(
    now: Callable[[], Awaitable[dict[int, int]]],
    until: int,
    process: Measured,
    seen: list[tuple[float, dict[int, int]]],
) -> None:
    """Note how far the recorder is, until it is there."""
    moved = time.monotonic()
    last: dict[int, int] = {}
    while sum(last.values()) < until:
        await asyncio.sleep(LAG_SECONDS)
        process.check()
        found = await now()
        if found != last:
            moved, last = time.monotonic(), found
            seen.append((moved, found))
        assert time.monotonic() - moved < PATIENCE, "the recorder stands still"


# --- Gateway ----------------------------------------------------------------------------------------------------------


async def _gateway(folder: Path, chosen: argparse.Namespace) -> Told:
    messages = native_messages(min(POOL, max(chosen.requests, chosen.batches * BATCH)), chosen.seed)
    counts = {1: chosen.requests, BATCH: chosen.batches}
    bodies = {size: requests(messages[: count * size], size) for size, count in counts.items()}
    async with place(folder) as where:
        spool = await _gateway_course(where, "spool", bodies)
        kafka = await _gateway_course(where, "kafka", bodies)
    return {"events_of_a_batch": BATCH, "spool": spool, "kafka": kafka}


async def _gateway_course(where: Place, sink: str, bodies: Mapping[int, Sequence[bytes]]) -> Told:
    port, data = free_port(), where.folder / sink
    data.mkdir()
    command = [sys.executable, "-m", "tests.support.gateway_process", json.dumps([str(data), port, {}])]
    if sink == "kafka":
        command = [sys.executable, "-m", "services.cli", "run", "gateway"]
    settings = environment(
        ASHIATO_DATA_DIR=str(data),
        ASHIATO_KAFKA__BOOTSTRAP=where.bootstrap,
        ASHIATO_GATEWAY__PRODUCERS_FILE=str(producers_file(data)),
        ASHIATO_GATEWAY__PORT=str(port),
        ASHIATO_GATEWAY__EVENTS_PER_SECOND="1000000",
        ASHIATO_GATEWAY__BURST="1000000",
        ASHIATO_LOG__LEVEL="warning",
    )
    told = {}
    with Measured(command, settings, where.folder / f"{sink}.log") as process:
        await listens(port, process)
        for size, each in bodies.items():
            told["single" if size == 1 else "batch"] = (
                await send(port, each, batch=size, connections=CONNECTIONS[size])
            ).told()
    return told


PARTS: Final[dict[str, Callable[[Path, argparse.Namespace], Coroutine[Any, Any, Told]]]] = {
    "speed": _speed,
    "memory": _memory,
    "lag": _lag,
    "gateway": _gateway,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
