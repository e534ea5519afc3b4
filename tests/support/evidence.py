"""Frames by hand: events, facts and findings for tests of what comes after judging."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from schemas.facts import COLUMNS, EVENT, POSITION
from schemas.records import Versions
from streams.batch import Decoded, Oversize, RawBatch
from streams.column_types import dtypes
from streams.commit import Keys

KEYS: Final = Keys(salt_key="5a" * 32, pseudonym_key="c3" * 32)
VERSIONS: Final = Versions(
    register_sha256="1" * 64,
    rulebook_sha256="2" * 64,
    interpretations_sha256="3" * 64,
    mmdb_sha256=None,
    program="0.1.0",
)
NOON: Final = dt.datetime(2026, 11, 1, 3, tzinfo=dt.UTC)

FACT_SCHEMA: Final = dtypes(COLUMNS)
FINDING_SCHEMA: Final = {
    "row": pl.UInt32(), "rule": pl.String(), "rule_version": pl.Int64(), "rule_sha256": pl.String(),
    "role": pl.String(), "level": pl.String(), "policy_item": pl.String(), "episode": pl.String(), "facts": pl.String(),
}  # fmt: skip
LETTER_SCHEMA: Final = {
    "offset": pl.Int64(), "part": pl.Int64(), "reason": pl.String(), "text": pl.String(), "bytes": pl.Int64(),
    "raw": pl.Binary(),
}  # fmt: skip


def facts_of(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return rows with all columns of `schemas.facts`; what a row does not say is absent."""
    base = {
        "position.source": "file:a", "position.partition": 0, "position.part": 0, "event.kind": "access",
        "event.source": "src", "event.time": NOON, "asset.key": "crm-db", "action": "read",
    }  # fmt: skip
    full = [{**base, "position.offset": i, "event.id": f"e{i}", **row} for i, row in enumerate(rows)]
    return pl.DataFrame(full, schema=FACT_SCHEMA)


def decoded_of(facts: pl.DataFrame, raws: Sequence[bytes], letters: Sequence[dict[str, Any]] = ()) -> Decoded:
    """Return what decoding would have said of these facts; content is the message itself.

    Of several events of one message, the first alone has it.
    """
    events = facts.select(column.name for column in (*POSITION, *EVENT)).with_columns(
        pl.when(pl.col("position.offset").is_first_distinct()).then(pl.Series("raw", list(raws), dtype=pl.Binary)),
        pl.Series("event.content", [raw.decode() for raw in raws], dtype=pl.String),
    )
    return Decoded(events, pl.DataFrame(list(letters), schema=LETTER_SCHEMA))


def findings_of(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return findings as `streams.judge` gives them."""
    base = {
        "rule": "XB-STORE", "rule_version": 1, "rule_sha256": "9" * 64, "role": "asset", "level": "high",
        "policy_item": "storage", "episode": None, "facts": '{"asset.abroad":true}',
    }  # fmt: skip
    return pl.DataFrame([{**base, **row} for row in rows], schema=FINDING_SCHEMA)


def batch_of(
    messages: Sequence[bytes], *, first: int = 0, source: str = "file:a", oversize: Sequence[Oversize] = ()
) -> RawBatch:
    """Return a batch of messages at consecutive offsets."""
    offsets = list(range(first, first + len(messages)))
    ends = [*offsets, *(one.offset for one in oversize), first]
    return RawBatch(source, 0, "native", offsets, list(messages), first, max(ends), oversize=list(oversize))


def as_json(record: str) -> dict[str, Any]:
    """Return a record as a mapping, keys in the order that they stand in."""
    read: dict[str, Any] = json.loads(record)
    return read
