"""Enriched events for benchmarks of rules: a day of the example as the pipeline sees it, or facts at random."""

from __future__ import annotations

import datetime as dt
import json
import random
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from examples.carrier import generate
from schemas.facts import COLUMNS, Column
from services.interpretation_files import read_interpretations
from services.register_files import read_register
from services.sources import open_source
from streams.classify import classify
from streams.commit import Keys
from streams.decode import decode
from streams.enrich import enrich
from streams.register_index import RegisterIndex

CARRIER: Final = Path(generate.__file__).parent
ROW: Final = "benchmark.row"
"""Key that numbers the events; no rule looks at it."""

_KEYS: Final = Keys("0" * 64, "1" * 64)
_NOON: Final = dt.datetime(2026, 11, 1, 3, tzinfo=dt.UTC)


def facts_of_a_day(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the events of the example's day, enriched: ``count`` of ordinary work, and the story.

    Each is a dict of every column of `schemas.facts`, absent ones as None.
    """
    interpretations = read_interpretations(CARRIER / "interpretations.yaml")
    index = RegisterIndex(read_register([CARRIER / "register"]), interpretations)
    with tempfile.TemporaryDirectory() as folder:
        for path in generate.write(Path(folder), seed=seed, count=count):
            with open_source(path) as source:
                for batch in source.read():
                    facts = classify(enrich(decode(batch).events, index, _KEYS), index)
                    yield from facts.select(name for name in COLUMNS if name in facts.columns).iter_rows(named=True)


def random_facts(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield ``count`` events that hold each column at random: absent, or a value that rules tell from others."""
    rng = random.Random(seed)
    choices = [(column.name, _choices(column)) for column in COLUMNS.values()]
    for _ in range(count):
        yield {name: rng.choice(values) for name, values in choices}


def write_events(path: Path, events: Iterable[dict[str, Any]]) -> None:
    """Write events as NDJSON, numbered under `ROW`, without what is absent."""
    with path.open("w", encoding="utf-8") as file:
        for row, event in enumerate(events):
            present = {name: _as_json(value) for name, value in event.items() if value is not None and value != []}
            file.write(json.dumps({ROW: row, **present}, ensure_ascii=False, separators=(",", ":")) + "\n")


def _as_json(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _choices(column: Column) -> list[Any]:
    match column.type:
        case "bool":
            return [None, True, False]
        case "int":
            return [None, 0, 1, 2, 1000]
        case "time":
            return [None, _NOON, _NOON + dt.timedelta(days=1)]
        case "texts":
            return [None, [], ["a"], ["a", "b"]]
    return [None, *(column.values or ("JP", "US", "a", "unknown"))]
