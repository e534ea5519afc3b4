"""The pipeline alone, bytes to records, findings, commitments and leaf hashes, against a per-event pydantic pipeline.

    python -m benchmarks.pipeline
    python -m benchmarks.pipeline --events 60000 --json

Both do the same work on the same messages, a day of examples/carrier under its register and all rules; first it is
checked that every record, leaf hash, value outside the record, pseudonym and Merkle root agrees. Then they take turns,
each in a process of its own:

* baseline: `benchmarks.baseline`, one event at a time; Python runs one thread at a time, so it has no use for a second;
* one core: the pipeline on one thread, Polars held to one thread too, both on the same core as far as the system lets
  us say so, like the baseline;
* two threads: the pipeline on two threads, each with its own index and every other batch; Polars with two threads;
* two processes: two of one core side by side, all batches each, as two recorders work on partitions of their own.

The baseline's turn takes many times as long as a pass of the pipeline, so the pipeline makes several passes in its
turn: otherwise most of its time would go by before caches and memory are its own again.

There are enough events for a dozen full batches: of four, of which one is small, one thread has twice as much to do as
the other, and what a batch costs whatever its size weighs as it does in no log.

Told is the median over the rounds of ratios taken within one round, because what else the machine does falls on all of
them. CPU time is user and system time of a whole process, Polars' own threads included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from benchmarks.agreement import disagreement
from benchmarks.baseline import Baseline
from benchmarks.carrier import ROWS, context, native_batches
from examples.carrier import generate
from services.runtime import prepare
from services.sources import BatchLimits
from streams.batch import RawBatch
from streams.classify import classify
from streams.decode import decode
from streams.enrich import enrich
from streams.judge import judge
from streams.pipeline import Context, run
from streams.record import record

BASELINE: Final = "baseline"
WAYS: Final = {BASELINE: (1, 1), "one core": (1, 1), "two threads": (1, 2), "two processes": (2, 1)}
"""Name of each way, its processes, and the threads that Polars may use in each."""

PASSES: Final = {BASELINE: 1, "one core": 5, "two threads": 5, "two processes": 5}
"""Passes over all batches in one turn: all turns take about as long."""

STAGES: Final = ("decode", "enrich", "classify", "judge", "record")


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds per event, of wall clock and of CPU time."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn of a way cost, as a whole and by stage (of one core alone)."""

    whole: Cost
    stages: dict[str, Cost]


def main(arguments: list[str]) -> int:
    """Check that both agree, measure, and print; 0 if they agree."""
    chosen = _arguments(arguments)
    prepare()  # as `ashiato` does; the processes below read it from the environment
    limits = BatchLimits(rows=chosen.rows)
    with tempfile.TemporaryDirectory() as folder:
        files = generate.write(Path(folder), seed=chosen.seed, count=chosen.events)
        batches = native_batches(files, chosen.events, limits)
        if differences := disagreement(batches, context()):
            print(differences, file=sys.stderr)
            return 1
        rounds = _rounds(partial(native_batches, files, chosen.events, limits), chosen.repeat)
    told = summary(batches, rounds)
    print(json.dumps(told, indent=2) if chosen.json else _text(told))
    return 0


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=220_000, help="messages to take, at most (%(default)s)")
    parser.add_argument("--rows", type=int, default=ROWS, help="messages in a batch (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds, of which the median is told (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the day (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser.parse_args(arguments)


# --- Measuring --------------------------------------------------------------------------------------------------------


def _rounds(messages: Callable[[], list[RawBatch]], repeat: int) -> list[dict[str, Round]]:
    """Let the ways take turns, each in processes that did it once before."""
    spawn = multiprocessing.get_context("spawn")
    workers = []
    for way, (processes, threads) in WAYS.items():
        os.environ["POLARS_MAX_THREADS"] = str(threads)  # Polars reads it when it is imported
        for number in range(processes):
            ours, its = spawn.Pipe()
            core = number if threads == 1 else None
            worker = spawn.Process(target=_work, args=(its, way, messages, core), daemon=True)
            worker.start()
            workers.append((way, worker, ours))
    for _, _, pipe in workers:
        assert pipe.recv() == "ready"
    rounds = []
    for _ in range(repeat):
        turn = {}
        for way in WAYS:
            pipes = [pipe for of, _, pipe in workers if of == way]
            for pipe in pipes:
                pipe.send("go")
            turn[way] = _together([pipe.recv() for pipe in pipes])
        rounds.append(turn)
    for _, worker, pipe in workers:
        pipe.send("stop")
        worker.join()
    return rounds


def _together(parts: list[Round]) -> Round:
    """Return what an event costs where processes did the same at the same time."""
    wall = max(one.whole.wall for one in parts) / len(parts)
    cpu = sum(one.whole.cpu for one in parts) / len(parts)
    return Round(Cost(wall, cpu), parts[0].stages)


def _work(pipe: Connection, way: str, messages: Callable[[], list[RawBatch]], core: int | None) -> None:
    prepare()
    if core is not None and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})
    batches = messages()
    events = sum(len(batch.messages) for batch in batches)
    one, other = context(), context()
    baseline = Baseline(one)
    ways: dict[str, Callable[[], object]] = {
        BASELINE: lambda: _one_by_one(batches, baseline.run),
        "one core": lambda: _one_by_one(batches, lambda batch: run(batch, one)),
        "two threads": lambda: _on_two_threads(batches, (one, other)),
        "two processes": lambda: _one_by_one(batches, lambda batch: run(batch, one)),
    }
    ways[way]()
    pipe.send("ready")
    while pipe.recv() == "go":
        whole = timed(lambda: [ways[way]() for _ in range(PASSES[way])], PASSES[way] * events)
        pipe.send(Round(whole, _stages(batches, one, events) if way == "one core" else {}))


def timed(work: Callable[[], object], events: int) -> Cost:
    """Return what work on so many events costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Cost(wall / events * 1e6, cpu / events * 1e6)


def _one_by_one(batches: list[RawBatch], work: Callable[[RawBatch], object]) -> None:
    for batch in batches:
        work(batch)


def _on_two_threads(batches: list[RawBatch], contexts: tuple[Context, Context]) -> None:
    """Run every other batch on one of two threads, taking results in order; no more than four batches are under way."""
    with ThreadPoolExecutor(1) as even, ThreadPoolExecutor(1) as odd:
        under_way = []
        for number, batch in enumerate(batches):
            thread = (even, odd)[number % 2]
            under_way.append(thread.submit(run, batch, contexts[number % 2]))
            if len(under_way) == 4:
                under_way.pop(0).result()
        for future in under_way:
            future.result()


def _stages(batches: list[RawBatch], of: Context, events: int) -> dict[str, Cost]:
    found = dict.fromkeys(STAGES, Cost(0.0, 0.0))

    def lap(name: str, work: Callable[[], Any]) -> Any:
        results: list[Any] = []
        cost = timed(lambda: results.append(work()), events)
        found[name] = Cost(found[name].wall + cost.wall, found[name].cpu + cost.cpu)
        return results.pop()

    for batch in batches:
        decoded = lap("decode", partial(decode, batch))
        known = lap("enrich", partial(enrich, decoded.events, of.index, of.keys))
        facts = lap("classify", partial(classify, known, of.index))
        findings = lap("judge", partial(judge, facts, of.rulebook))
        keys, versions = of.keys, of.versions
        lap("record", partial(record, [decoded], facts, findings, batches=[batch], keys=keys, versions=versions))
    return found


# --- Telling ----------------------------------------------------------------------------------------------------------


def summary(batches: Sequence[RawBatch], rounds: Sequence[dict[str, Round]]) -> dict[str, Any]:
    """Return medians over the rounds."""
    events = sum(len(batch.messages) for batch in batches)
    size = sum(len(message) for batch in batches for message in batch.messages)

    def ratio(way: str, what: str) -> float:
        ratios = [getattr(one[BASELINE].whole, what) / getattr(one[way].whole, what) for one in rounds]
        return round(float(statistics.median(ratios)), 2)

    def medians(costs: Sequence[Cost]) -> dict[str, float]:
        return {what: round(statistics.median(getattr(one, what) for one in costs), 2) for what in ("wall", "cpu")}

    whole = {way: medians([one[way].whole for one in rounds]) for way in WAYS}
    return {
        "events": events,
        "bytes_per_event": round(size / events),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "baseline_to_pipeline": {
            "CPU time, one core": ratio("one core", "cpu"),
            "wall clock, one core": ratio("one core", "wall"),
            "wall clock, two threads": ratio("two threads", "wall"),
            "wall clock, two processes": ratio("two processes", "wall"),
        },
        "us_per_event": whole,
        "events_per_second": {way: round(1e6 / cost["wall"]) for way, cost in whole.items()},
        "stages_us_per_event": {name: medians([one["one core"].stages[name] for one in rounds]) for name in STAGES},
    }


def _text(told: dict[str, Any]) -> str:
    rates = told["events_per_second"]
    return "\n".join(
        [
            f"{told['events']:,} events of {told['bytes_per_event']} bytes; records, leaf hashes and roots agree",
            f"{told['cores']} cores; load {told['load']} (a load above the number of cores spoils the wall clock)",
            "",
            "baseline / pipeline       ratio",
            *(f"  {name:25} {ratio:5.2f}" for name, ratio in told["baseline_to_pipeline"].items()),
            "",
            "us per event            wall    CPU  events/s",
            *(
                f"  {way:18} {cost['wall']:8.2f} {cost['cpu']:6.2f}  {rates[way]:8,}"
                for way, cost in told["us_per_event"].items()
            ),
            "",
            "stages on one core      wall    CPU",
            *(
                f"  {name:18} {cost['wall']:8.2f} {cost['cpu']:6.2f}"
                for name, cost in told["stages_us_per_event"].items()
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
