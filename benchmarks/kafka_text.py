"""What `benchmarks.kafka` found, as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Told = dict[str, Any]


def text(part: str, told: Told) -> str:
    """Return the lines of one part."""
    lines = {"speed": _speed, "memory": _memory, "lag": _lag, "gateway": _gateway}[part](told)
    return "\n".join([*lines, ""])


def _speed(told: Told) -> Iterator[str]:
    yield f"speed: {told['events']:,} events of {told['bytes_per_event']} bytes, Kafka to chDB;"
    yield f"  all records and {told['findings']:,} findings of all stores agree"
    yield "                     events/s   us CPU"
    for name, title in (("before", "recorder, before"), ("faust", "faust"), ("after", "recorder, after")):
        yield f"  {title:16} {told[name]['events_per_second']:10,}  {told[name]['cpu_us_per_event']:7.1f}"
    yield f"  recorder / faust, events/s  {told['recorder_to_faust']:5.1f}"
    yield f"  faust / recorder, CPU time  {told['faust_to_recorder_cpu']:5.1f}"


def _memory(told: Told) -> Iterator[str]:
    yield f"memory: recorder working off {told['backlog']:,} events, {told['recorder']['events_per_second']:,} events/s"
    quarters = " ".join(f"{value:,}" for name, value in told.items() if name.startswith("quarter"))
    yield f"  MiB at most {told['peak_mib']:,}; in each quarter of the time {quarters}"


def _lag(told: Told) -> Iterator[str]:
    yield f"lag: {told['events']:,} events at {told['events_per_second']:,} events/s, sent until counted"
    yield f"  p50 {told['p50_seconds']:.2f} s, p99 {told['p99_seconds']:.2f} s, at most {told['most_seconds']:.2f} s"


def _gateway(told: Told) -> Iterator[str]:
    yield f"gateway: answered once durable; a batch has {told['events_of_a_batch']:,} events"
    yield "                     requests/s   events/s   p50 ms   p99 ms"
    for sink in ("spool", "kafka"):
        for kind in ("single", "batch"):
            one = told[sink][kind]
            rates = f"{one['requests_per_second']:10,} {one['events_per_second']:10,}"
            yield f"  {f'{sink}, {kind}':16} {rates} {one['p50_ms']:8.1f} {one['p99_ms']:8.1f}"
