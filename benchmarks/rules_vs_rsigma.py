"""Our rules against rsigma: the same enriched events, the same rulebook, the same matches, and CPU time per event.

    python -m benchmarks.rules_vs_rsigma
    python -m benchmarks.rules_vs_rsigma --events enriched.ndjson --rules streams/rulebook

rsigma is a Sigma engine in Rust that takes NDJSON. Install it with
``cargo install rsigma --version 0.23.0 --locked`` (about seven minutes) or say where it is with ``--rsigma PATH``.

Two sets of events are judged: the day of examples/carrier, decoded, enriched and classified as the pipeline does it,
and random facts, which meet far more rules. Absent facts are left out of the NDJSON, as rsigma expects it. Compared is,
each the median of several repetitions, in CPU time (user and system) of a child process without its start,

* reading and rules: NDJSON in, a line for each match out;
* rules alone: for us measured in the process, for rsigma what remains of the above after the time that it takes to read
  the same events with one rule that looks at nothing of them.

A rule with several conditions counts as one here: rsigma tells no more than that the rule matched.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import yaml

from benchmarks.enriched_events import ROW, facts_of_a_day, random_facts, write_events
from schemas.facts import COLUMNS
from streams.column_types import DTYPES
from streams.sigma import RuleSet, compile_rule

RULEBOOK: Final = Path(__file__).parent.parent / "streams" / "rulebook"
INSTALL: Final = "cargo install rsigma --version 0.23.0 --locked"
BATCH: Final = 20_000
"""Events that are judged at once, as in the pipeline."""

LOOKS_AT_NOTHING: Final = """\
title: looks at nothing
id: 00000000-0000-4000-8000-000000000000
status: test
logsource: {product: ashiato}
detection: {selection: {benchmark.nothing: x}, condition: selection}
level: low
"""

Match = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU microseconds per event: of the whole way, and of the rules alone."""

    whole: float
    rules: float


def main(arguments: list[str]) -> int:
    """Run the comparison; 0 if the matches agree, 1 if not, 2 if there is no rsigma."""
    chosen = _arguments(arguments)
    if chosen.worker:
        print(json.dumps(_work(chosen.events, chosen.rules)))
        return 0
    rsigma = shutil.which(chosen.rsigma)
    if rsigma is None:
        print(f"rsigma is not there: {INSTALL}, or give its place with --rsigma PATH", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        agree = [_compare(name, events, chosen, Path(rsigma)) for name, events in _inputs(chosen, Path(folder))]
    return 0 if all(agree) else 1


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--events", type=Path, help="NDJSON of enriched events (default: the example's day, and random)"
    )
    parser.add_argument("--rules", type=Path, default=RULEBOOK, help="folder of Sigma rules (default: the rulebook)")
    parser.add_argument("--rsigma", default="rsigma", help="the rsigma program (default: the one on PATH)")
    parser.add_argument("--count", type=int, default=100_000, help="events to judge, without --events (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions, of which the median is told (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the events, without --events (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads that Polars may use (%(default)s)")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


# --- Events -----------------------------------------------------------------------------------------------------------


def _inputs(chosen: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield a name and an NDJSON file for each set of events; each event has a number."""
    path = folder / "events.ndjson"
    if chosen.events:
        write_events(path, (json.loads(line) for line in chosen.events.read_bytes().splitlines() if line.strip()))
        yield str(chosen.events), path
        return
    write_events(path, facts_of_a_day(chosen.count, chosen.seed))
    yield "the example's day", path
    write_events(path, random_facts(chosen.count, chosen.seed))
    yield "random facts", path


# --- Ours -------------------------------------------------------------------------------------------------------------


def _work(events: Path, folder: Path) -> dict[str, float]:
    """Judge a file in this process; return CPU seconds of reading and rules, and of rules alone."""
    rules = _ruleset(folder)
    _judged(rules, _frame(_batches(events)[0]))  # the first use of a library is not the engine's speed
    whole = alone = 0.0
    for batch in _batches(events):
        start = time.process_time()
        facts = _frame(batch)
        read = time.process_time()
        _judged(rules, facts)
        done = time.process_time()
        whole, alone = whole + done - start, alone + done - read
    return {"whole": whole, "rules": alone}


def _judged(rules: RuleSet, facts: pl.DataFrame) -> None:
    with Path(os.devnull).open("wb") as nowhere:
        rules.matches(facts).write_ndjson(nowhere)


def _ruleset(folder: Path) -> RuleSet:
    return RuleSet(compile_rule(path.read_text("utf-8"), path.name, COLUMNS) for path in sorted(folder.glob("*.yml")))


def _batches(events: Path) -> list[bytes]:
    lines = events.read_bytes().splitlines()
    return [b"\n".join(lines[first : first + BATCH]) for first in range(0, len(lines), BATCH)]


def _frame(batch: bytes) -> pl.DataFrame:
    """Decode a batch with the types of the catalogue; times stay texts, for rules look at none."""
    schema = {name: pl.String() if column.type == "time" else DTYPES[column.type] for name, column in COLUMNS.items()}
    facts = pl.read_ndjson(io.BytesIO(batch), schema=schema)
    times = [name for name, column in COLUMNS.items() if column.type == "time"]
    return facts.with_columns(pl.col(times).str.to_datetime("%+", time_unit="us", time_zone="UTC"))


def _our_matches(events: Path, folder: Path) -> set[Match]:
    rules = _ruleset(folder)
    found: set[Match] = set()
    for number, batch in enumerate(_batches(events)):
        matches = rules.matches(_frame(batch))
        found |= {(rule, number * BATCH + row) for row, rule, _ in matches.iter_rows()}
    return found


def _our_cost(events: Path, folder: Path, threads: int, count: int) -> Cost:
    command = [sys.executable, "-m", "benchmarks.rules_vs_rsigma", "--worker", "--events", str(events)]
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    told = subprocess.run([*command, "--rules", str(folder)], env=environment, check=True, capture_output=True).stdout
    seconds = json.loads(told)
    return Cost(seconds["whole"] / count * 1e6, seconds["rules"] / count * 1e6)


# --- rsigma -----------------------------------------------------------------------------------------------------------


def _rsigma(rsigma: Path, rules: Path, events: Path, *more: str) -> list[str]:
    return [
        str(rsigma),
        "engine",
        "eval",
        "--quiet",
        "--output-format",
        "ndjson",
        *more,
        "-r",
        str(rules),
        "-e",
        f"@{events}",
    ]


def _their_matches(rsigma: Path, rules: Path, events: Path) -> set[Match]:
    names = {}
    for path in sorted(rules.glob("*.yml")):
        header = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        names[header["id"]] = header["name"]
    command = _rsigma(rsigma, rules, events, "--include-event")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        found = {(names[match["rule_id"]], match["event"][ROW]) for match in map(json.loads, process.stdout)}
    assert process.returncode == 0, f"rsigma ended with {process.returncode}"
    return found


def _cpu(command: list[str]) -> float:
    """Return the CPU seconds, user and system, of a child process."""
    with Path(os.devnull).open("wb") as nowhere, subprocess.Popen(command, stdout=nowhere) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command[0]} ended with {process.returncode}"
    return usage.ru_utime + usage.ru_stime


def _their_cost(rsigma: Path, rules: Path, events: Path, count: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        nothing, idle = Path(folder, "nothing.ndjson"), Path(folder, "idle.yml")
        nothing.write_text("{}\n", "utf-8")
        idle.write_text(LOOKS_AT_NOTHING, "utf-8")
        start = _cpu(_rsigma(rsigma, rules, nothing))
        whole = _cpu(_rsigma(rsigma, rules, events)) - start
        reading = _cpu(_rsigma(rsigma, idle, events)) - _cpu(_rsigma(rsigma, idle, nothing))
    return Cost(whole / count * 1e6, (whole - reading) / count * 1e6)


# --- Side by side -----------------------------------------------------------------------------------------------------


def _compare(name: str, events: Path, chosen: argparse.Namespace, rsigma: Path) -> bool:
    """Print one comparison and return whether the matches agree."""
    with events.open("rb") as file:
        count = sum(1 for _ in file)
    ours, theirs = _our_matches(events, chosen.rules), _their_matches(rsigma, chosen.rules, events)
    print(f"\n{name}: {count:,} events, {events.stat().st_size / count:,.0f} bytes each")
    print(f"  matches (rule, event): ours {len(ours):,}, rsigma {len(theirs):,}, in both {len(ours & theirs):,}")
    for rule, row in sorted(ours ^ theirs)[:10]:
        print(f"  only {'ours' if (rule, row) in ours else 'rsigma'}: {rule} of event {row}")
    # In turns, so that what else the machine does falls on both.
    runs = [
        (_our_cost(events, chosen.rules, chosen.threads, count), _their_cost(rsigma, chosen.rules, events, count))
        for _ in range(chosen.repeat)
    ]
    _tell("reading and rules", [(mine.whole, other.whole) for mine, other in runs])
    _tell("rules alone", [(mine.rules, other.rules) for mine, other in runs])
    return ours == theirs


def _tell(what: str, runs: list[tuple[float, float]]) -> None:
    ours, theirs = (statistics.median(values) for values in zip(*runs, strict=True))
    ratio = statistics.median(mine / other for mine, other in runs)
    print(f"  {what}: ours {ours:.2f} us CPU/event, rsigma {theirs:.2f}; ours / rsigma = {ratio:.2f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
