"""Ways of doing one step that were tried, side by side on one batch of the example: what helped and what did not.

    python -m benchmarks.alternatives

Each step is done in every way on the same values and the answers are compared; told is CPU time in microseconds per
event, the least of several repetitions taken in turns, with one thread of Polars.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

os.environ["POLARS_MAX_THREADS"] = "1"  # Polars reads it when it is imported

import msgspec
import polars as pl
import pyarrow as pa

from benchmarks.carrier import ROWS, context, native_batches
from examples.carrier import generate
from schemas.records import RECORD_COLUMNS
from services.sources import BatchLimits
from streams.classify import classify
from streams.commit import digest
from streams.decode import decode
from streams.enrich import enrich
from streams.event_columns import SLICE, EventColumns, TextLists
from streams.fast_events import FastEvent
from streams.leaves import written

REPEAT: Final = 15
_READ: Final = msgspec.json.Decoder(FastEvent).decode
_ENCODER: Final = msgspec.json.Encoder()
_ACCESS: Final = ("action", "operation", "outcome", "purpose", "ticket", "approval")

Ways = dict[str, Callable[[], Any]]


def main() -> int:
    """Compare all steps and print."""
    with tempfile.TemporaryDirectory() as folder:
        files = generate.write(Path(folder), seed=1, count=3 * ROWS)
        batches = native_batches(files, 3 * ROWS, BatchLimits(rows=ROWS))
    batch = max(batches, key=lambda batch: len(batch.messages))
    of = context()
    facts = classify(enrich(decode(batch).events, of.index, of.keys), of.index)
    events = [_READ(message) for message in batch.messages]
    for step, ways in (*_decoding(batch.messages), *_reading(events), *_recording(facts)):
        _compare(step, ways, len(events))
    return 0


def _compare(step: str, ways: Ways, events: int) -> None:
    answers = [way() for way in ways.values()]
    assert all(_alike(answers[0], answer) for answer in answers), step
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(REPEAT):
        for name, way in ways.items():
            start = time.process_time()
            way()
            least[name] = min(least[name], time.process_time() - start)
    print(step)
    for name, seconds in least.items():
        print(f"  {name:48} {seconds / events * 1e6:6.2f}")


def _alike(one: Any, other: Any) -> bool:
    return one.equals(other, null_equal=True) if isinstance(one, pl.Series) else bool(one == other)


# --- Decoding ---------------------------------------------------------------------------------------------------------


def _decoding(messages: list[bytes]) -> Iterator[tuple[str, Ways]]:
    sizes = {"the whole batch at once": len(messages), "slices of 2,048": 2_048, f"slices of {SLICE} (used)": SLICE}
    yield (
        "messages into structs, structs into columns",
        {name: partial(_in_slices, messages, size) for name, size in sizes.items()},
    )
    fields = [event.data.records.fields if event.data.records else None for event in map(_READ, messages)]
    texts = pa.large_list(pa.large_string())
    yield (
        "lists of texts into a column",
        {
            "pl.Series": lambda: pl.Series(fields, dtype=pl.List(pl.String)),
            "pa.array (loads pandas)": lambda: pl.Series(pl.from_arrow(pa.array(fields, type=texts))),
            "lengths and texts (used)": partial(_text_lists, fields),
        },
    )


def _text_lists(fields: list[list[str] | None]) -> pl.Series:
    lists = TextLists()
    for begin in range(0, len(fields), SLICE):
        lists.add(begin, fields[begin : begin + SLICE])
    return lists.series(len(fields))


def _in_slices(messages: list[bytes], size: int) -> pl.Series:
    columns = EventColumns()
    for begin in range(0, len(messages), size):
        columns.add([_READ(message) for message in messages[begin : begin + size]])
    return columns.frame()["event.content"]


# --- Reading ----------------------------------------------------------------------------------------------------------


def _reading(events: list[Any]) -> Iterator[tuple[str, Ways]]:
    datas = [event.data for event in events]
    times = pl.Series("time", [event.time for event in events])
    yield (
        "six attributes of each event into lists",
        {
            "attrgetter": lambda: [list(map(attrgetter(name), datas)) for name in _ACCESS],
            "astuple, then zip": lambda: [list(one) for one in zip(*map(_six, datas), strict=True)],
            "one comprehension each (used)": partial(_comprehensions, datas),
        },
    )
    yield (
        "structs into columns of six attributes",
        {
            "JSON lines, read again by Polars": partial(_by_json_lines, datas),
            "lists, then series (used)": partial(_by_lists, datas),
        },
    )
    yield (
        "each event as JSON in a column",
        {
            "encode one by one": lambda: pl.Series([_ENCODER.encode(event) for event in events]).cast(pl.String),
            "encode_lines, then split": lambda: pl.Series(_ENCODER.encode_lines(events).split(b"\n")[:-1]).cast(
                pl.String
            ),
            "encode_into one buffer (used)": partial(_into_one_buffer, events),
        },
    )
    yield (
        "times",
        {
            "format spelled out": lambda: times.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us"),
            "%+ (used)": lambda: times.str.to_datetime("%+", time_unit="us"),
        },
    )


def _six(data: Any) -> tuple[Any, ...]:
    values = msgspec.structs.asdict(data)
    return tuple(values[name] for name in _ACCESS)


def _comprehensions(datas: list[Any]) -> list[list[Any]]:
    return [
        [data.action for data in datas],
        [data.operation for data in datas],
        [data.outcome for data in datas],
        [data.purpose for data in datas],
        [data.ticket for data in datas],
        [data.approval for data in datas],
    ]


def _by_json_lines(datas: list[Any]) -> pl.Series:
    schema = {name: pl.List(pl.String) if name == "approval" else pl.String() for name in _ACCESS}
    return pl.read_ndjson(io.BytesIO(_ENCODER.encode_lines(datas)), schema=schema).to_struct()


def _by_lists(datas: list[Any]) -> pl.Series:
    columns = dict(zip(_ACCESS, _comprehensions(datas), strict=True))
    texts = {name: pl.Series(name, columns[name], dtype=pl.String) for name in _ACCESS if name != "approval"}
    lists = pl.Series("approval", columns["approval"], dtype=pl.List(pl.String))
    return pl.DataFrame([*texts.values(), lists]).to_struct()


def _into_one_buffer(events: list[Any]) -> pl.Series:
    text, ends = bytearray(), [0]
    for event in events:
        _ENCODER.encode_into(event, text, -1)
        ends.append(len(text))
    offsets = pa.array(ends, type=pa.int64()).buffers()[1]
    return pl.Series(pa.LargeStringArray.from_buffers(len(events), offsets, pa.py_buffer(text)))


# --- Recording --------------------------------------------------------------------------------------------------------


def _recording(facts: pl.DataFrame) -> Iterator[tuple[str, Ways]]:
    present: list[str] = [name for name in RECORD_COLUMNS if name in facts.columns and facts[name].count()]
    nested = [
        pl.struct(written(name).alias(name.removeprefix(f"{section}.")) for name in found).alias(section)
        for section, found in groupby((name for name in present if "." in name), lambda name: name.partition(".")[0])
    ]
    pieces = [piece for one in nested for piece in (pl.lit(f',"{one.meta.output_name()}":'), one.struct.json_encode())]
    first = pl.lit(f'{{"{nested[0].meta.output_name()}":')
    records = facts.select(pl.struct(nested).struct.json_encode().alias("record"))["record"]
    ids = facts["event.id"]
    hashes = ids.to_frame().select(digest(pl.col("event.id")))["event.id"]
    yield (
        "JSON of a record",
        {
            "one struct of structs": lambda: facts.select(pl.struct(nested).struct.json_encode()).to_series(),
            "sections, then joined (used)": lambda: facts.select(
                pl.concat_str(first, *pieces[1:], pl.lit("}"))
            ).to_series(),
        },
    )
    yield (
        "SHA-256 of a short text",
        {
            "hashlib": lambda: pl.Series([hashlib.sha256(text.encode()).hexdigest() for text in ids]),
            "polars-hash (used)": lambda: ids.to_frame().select(digest(pl.col("event.id"))).to_series(),
        },
    )
    yield (
        "SHA-256 of a record",
        {
            "hashlib": lambda: pl.Series([hashlib.sha256(text.encode()).hexdigest() for text in records]),
            "polars-hash (used)": lambda: records.to_frame().select(digest(pl.col("record"))).to_series(),
        },
    )
    yield (
        "hexadecimal digits to 32 bytes",
        {
            'str.decode("hex")': lambda: hashes.str.decode("hex"),
            "bytes.fromhex (used)": lambda: pl.Series("h", map(bytes.fromhex, hashes), dtype=pl.Binary),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
