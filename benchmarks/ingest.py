"""`ingest` into the embedded store against the pipeline alone on the same file, and the peak memory of `ingest`.

    python -m benchmarks.ingest
    python -m benchmarks.ingest --events 200000 3000000 --repeat 1

For each size the native events of a day of examples/carrier are put into one file. Then, in turns and each in a fresh
process of its own, the pipeline reads it batch by batch and drops what comes out, and `services.ingest` records it in a
new data directory, each insert durable, the review of identities at the end included. Told is the median over the
rounds of ratios taken within one round, of events per second and of CPU time: on a machine that does other things too,
only the latter means much. Memory is the process's high-water mark (VmHWM), engine included; where it
does not grow with the file, a file of any size can be ingested.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from benchmarks.carrier import ROWS, context
from benchmarks.enriched_events import CARRIER
from examples.carrier import generate
from services.clock import new_id, utc_now
from services.context import build_context
from services.ingest import Ingest
from services.interpretation_files import read_interpretations
from services.register_files import read_register
from services.register_store import Doer, load_register
from services.runtime import prepare
from services.sources import BatchLimits, open_source
from services.store import Store
from streams.pipeline import run

LIMITS: Final = BatchLimits(rows=ROWS)
MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """What a process says of itself: messages, seconds of wall clock and of CPU time, and bytes of memory at most."""

    messages: int
    wall: float
    cpu: float
    peak: int


def main(arguments: list[str]) -> int:
    """Measure each size and print; 0 if every ingest recorded every message."""
    chosen = _arguments(arguments)
    prepare()  # as `ashiato` does; the processes below read it from the environment
    found = []
    for events in chosen.events:
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            found.append(_measure(Path(folder), events, chosen))
            if not chosen.json:
                print(_text(found[-1]), flush=True)
    if chosen.json:
        print(json.dumps(found, indent=2))
    return 0


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, nargs="+", default=[200_000], help="events of each file (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the median is told (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the day (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where files and stores are put (default: the system's)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser.parse_args(arguments)


def _measure(folder: Path, events: int, chosen: argparse.Namespace) -> dict[str, Any]:
    path = _one_file(folder, events, chosen.seed)
    alone, ingested, sizes = [], [], []
    for _ in range(chosen.repeat):
        data_dir = folder / "data"
        alone.append(_in_a_process(_pipeline, path, data_dir))
        ingested.append(_in_a_process(_ingest, path, data_dir))
        sizes.append(sum(file.stat().st_size for file in data_dir.rglob("*") if file.is_file()))
        shutil.rmtree(data_dir)
        assert alone[-1].messages == ingested[-1].messages, "a message was lost"
    rates = [(one.messages / one.wall, other.messages / other.wall) for one, other in zip(alone, ingested, strict=True)]
    costs = [one.cpu / other.cpu for one, other in zip(alone, ingested, strict=True)]
    messages = alone[0].messages
    return {
        "messages": messages,
        "file_bytes": path.stat().st_size,
        "store_bytes": round(statistics.median(sizes)),
        "load": round(os.getloadavg()[0], 1),
        "pipeline_events_per_second": round(statistics.median(one for one, _ in rates)),
        "ingest_events_per_second": round(statistics.median(other for _, other in rates)),
        "ingest_to_pipeline": round(statistics.median(other / one for one, other in rates), 2),
        "pipeline_to_ingest_cpu": round(statistics.median(costs), 2),
        "pipeline_cpu_us": round(statistics.median(one.cpu for one in alone) / messages * 1e6, 1),
        "ingest_cpu_us": round(statistics.median(one.cpu for one in ingested) / messages * 1e6, 1),
        "ingest_peak_mib": round(max(one.peak for one in ingested) / MEBIBYTE),
    }


def _one_file(folder: Path, events: int, seed: int) -> Path:
    """Return one file with the native events of a day."""
    whole = folder / "events.ndjson"
    with whole.open("wb") as out:
        for path in generate.write(folder / "day", seed=seed, count=events):
            if path.suffix == ".ndjson":
                with path.open("rb") as one:
                    shutil.copyfileobj(one, out, MEBIBYTE)
    shutil.rmtree(folder / "day")
    return whole


# --- In processes of their own ----------------------------------------------------------------------------------------


def _in_a_process(work: Callable[[Path, Path], tuple[int, float, float]], path: Path, data_dir: Path) -> Told:
    spawn = multiprocessing.get_context("spawn")
    ours, its = spawn.Pipe()
    process = spawn.Process(target=_tell, args=(its, work, path, data_dir))
    process.start()
    its.close()
    told: Told = ours.recv()
    process.join()
    return told


def _tell(pipe: Connection, work: Callable[[Path, Path], tuple[int, float, float]], path: Path, data_dir: Path) -> None:
    prepare()
    messages, wall, cpu = work(path, data_dir)
    pipe.send(Told(messages, wall, cpu, _peak()))


def _pipeline(path: Path, _: Path) -> tuple[int, float, float]:
    of = context()
    wall, cpu, messages = time.perf_counter(), time.process_time(), 0
    with open_source(path) as source:
        for batch in source.read(limits=LIMITS):
            messages += len(run(batch, of).evidence)
    return messages, time.perf_counter() - wall, time.process_time() - cpu


def _ingest(path: Path, data_dir: Path) -> tuple[int, float, float]:
    with Store.open(data_dir, now=utc_now(), create=True) as store:
        load_register(store, read_register([CARRIER / "register"]), Doer("benchmark", utc_now(), new_id))
    settings = read_interpretations(CARRIER / "interpretations.yaml")
    with Store.open(data_dir, now=utc_now()) as store:
        of = build_context(store, now=utc_now(), interpretations=settings)
        wall, cpu = time.perf_counter(), time.process_time()
        summary = Ingest(store, of, now=utc_now, new_id=new_id, limits=LIMITS).files([path])
        return summary.total("messages"), time.perf_counter() - wall, time.process_time() - cpu


def _peak() -> int:
    """Return the most bytes of memory that this process ever held.

    On Linux the kernel's own mark for this process: that of getrusage remembers the process it was started from.
    """
    status = Path("/proc/self/status")
    marks: Sequence[str] = status.read_text("ascii").splitlines() if status.exists() else ()
    for line in marks:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _text(told: dict[str, Any]) -> str:
    files, stored = told["file_bytes"] / MEBIBYTE, told["store_bytes"] / MEBIBYTE
    lines = [f"{told['messages']:,} messages, {files:,.0f} MiB; the store takes {stored:,.0f} MiB; load {told['load']}"]
    lines += ["                        events/s  us CPU"]
    for name in ("pipeline", "ingest"):
        lines.append(f"  {name:20} {told[f'{name}_events_per_second']:10,}  {told[f'{name}_cpu_us']:6.1f}")
    lines += [f"  ingest / pipeline, events/s     {told['ingest_to_pipeline']:6.2f}"]
    lines += [f"  pipeline / ingest, CPU time     {told['pipeline_to_ingest_cpu']:6.2f}"]
    lines += [f"  peak memory of ingest       {told['ingest_peak_mib']:6,} MiB"]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
