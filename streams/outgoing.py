"""Outgoing: what follows from a batch and is told to others by messages, before its range makes it count.

A message is told again after a crash: whoever reads merges by position (header ``position``).
"""

from __future__ import annotations

from collections.abc import Iterator
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


def outgoing(recorded: Recorded, of: Range) -> Iterator[Outgoing]:
    """Yield the messages that follow from a batch, by kind; kinds without any are left out."""
    partition = pl.lit(f"{of.source}|{of.partition}")
    found = pl.concat_str("position.source", "position.partition", separator="|")  # a review's are of other sources
    letters = recorded.evidence.filter(pl.col("kind") == "dead_letter") if of.dead_letters else pl.DataFrame()
    few = pl.col("rule").is_in(RESTRICTED)
    frames: tuple[tuple[Kind, pl.DataFrame | None, pl.Expr, pl.Expr], ...] = (
        ("findings", recorded.findings.filter(~few), flag_ids(), found),
        ("restricted", recorded.findings.filter(few), flag_ids(), found),
        ("activity", recorded.activity, pl.col("party.key").fill_null(""), partition),
        ("deadletter", letters, partition, partition),
    )
    for kind, frame, key, at in frames:
        if frame is not None and len(frame):
            yield _messages(kind, frame, key, at)


def flag_ids() -> pl.Expr:
    """Return `streams.flags.flag_id` of each row of findings."""
    parts = [pl.col(name).fill_null("") for name in FLAG_KEY]
    return Hashes(pl.concat_str(parts, separator=SEPARATOR)).sha2_256().str.head(FLAG_ID_HEX_DIGITS)


def _messages(kind: Kind, frame: pl.DataFrame, key: pl.Expr, partition: pl.Expr) -> Outgoing:
    position = pl.concat_str(partition, "position.offset", "position.part", separator="|")
    columns = frame.select(
        key.cast(pl.Binary).alias("key"), pl.col("record").cast(pl.Binary), position.cast(pl.Binary).alias("position")
    )
    return Outgoing(kind, columns["key"].to_list(), columns["record"].to_list(), columns["position"].to_list())
