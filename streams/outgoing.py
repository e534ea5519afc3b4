"""Outgoing: what follows from batches and is told to others by messages, before their ranges make them count.

A message is told again after a crash: whoever reads merges by position (header ``position``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl
from polars_hash import CryptographicHashingNameSpace as Hashes

from schemas.findings import RESTRICTED
from schemas.records import Range
from streams.batch import Recorded
from streams.flags import FLAG_ID_HEX_DIGITS, FLAG_KEY, SEPARATOR

Kind = Literal["findings", "restricted", "activity", "deadletter"]
"""``restricted`` are findings of `schemas.findings.RESTRICTED`: few may see them, so they are told apart."""
POSITION: Final = "position"
"""Name of the header that says where a message comes from: ``<source>|<partition>|<offset>|<part>``."""
_AT: Final = "source and partition"
"""Column of a message's ``<source>|<partition>``, added to those of its frame."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Messages of one kind, in order: ``keys``, ``values`` and ``positions`` run side by side.

    Attributes:
        kind: which topic they are for.
        keys: flag id of findings, ``party.key`` of activity, ``source|partition`` of dead letters.
        values: the record's bytes.
        positions: value of the header ``position``.
    """

    kind: Kind
    keys: list[bytes]
    values: list[bytes]
    positions: list[bytes]


def outgoing(batches: Sequence[tuple[Recorded, Range]]) -> Iterator[Outgoing]:
    """Yield the messages that follow from batches, all of a kind together; kinds without any are left out.

    Args:
        batches: what was recorded, with its range; of different partitions, or of one in order.
    """
    found = pl.concat_str("position.source", "position.partition", separator="|")  # a review's are of other sources
    few = pl.col("rule").is_in(RESTRICTED)
    findings = _together([(recorded.findings, found) for recorded, _ in batches])
    activity = _together([(recorded.activity, _partition(of)) for recorded, of in batches])
    letters = _together([(_dead_letters(recorded), _partition(of)) for recorded, of in batches if of.dead_letters])
    frames: tuple[tuple[Kind, pl.DataFrame | None, pl.Expr], ...] = (
        ("findings", findings if findings is None else findings.filter(~few), flag_ids()),
        ("restricted", findings if findings is None else findings.filter(few), flag_ids()),
        ("activity", activity, pl.col("party.key").fill_null("")),
        ("deadletter", letters, pl.col(_AT)),
    )
    for kind, frame, key in frames:
        if frame is not None and len(frame):
            yield _messages(kind, frame, key)


def flag_ids() -> pl.Expr:
    """Return `streams.flags.flag_id` of each row of findings."""
    parts = [pl.col(name).fill_null("") for name in FLAG_KEY]
    return Hashes(pl.concat_str(parts, separator=SEPARATOR)).sha2_256().str.head(FLAG_ID_HEX_DIGITS)


def _partition(of: Range) -> pl.Expr:
    return pl.lit(f"{of.source}|{of.partition}")


def _dead_letters(recorded: Recorded) -> pl.DataFrame:
    return recorded.evidence.filter(pl.col("kind") == "dead_letter")


def _together(frames: Iterable[tuple[pl.DataFrame | None, pl.Expr]]) -> pl.DataFrame | None:
    """Return the rows of all frames with the partition each is of; None if there are none."""
    there = [frame.with_columns(at.alias(_AT)) for frame, at in frames if frame is not None and len(frame)]
    return pl.concat(there) if there else None


def _messages(kind: Kind, frame: pl.DataFrame, key: pl.Expr) -> Outgoing:
    position = pl.concat_str(_AT, "position.offset", "position.part", separator="|")
    columns = frame.select(
        key.cast(pl.Binary).alias("key"), pl.col("record").cast(pl.Binary), position.cast(pl.Binary).alias("position")
    )
    return Outgoing(kind, columns["key"].to_list(), columns["record"].to_list(), columns["position"].to_list())
