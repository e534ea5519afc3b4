"""What passes between the stages: raw messages in, decoded events in the middle, recorded evidence out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

DEAD_LETTER_SCHEMA: Final = ("offset", "part", "reason", "text", "bytes", "raw")
"""Columns of a dead-letter frame: Int64, Int64, String, String, Int64 (length of the message), Binary (its bytes, or
the first 64 KiB of a message over the size limit)."""


@dataclass(frozen=True, slots=True)
class Oversize:
    """A message above the size limit, of which only the beginning is kept.

    Attributes:
        offset: offset of the message.
        line: one-based line on which it begins, where the source has lines.
        length: bytes of the whole message.
        head: its beginning.
        sha256: SHA-256 of the message without white space at its end (`streams.ranges.bare`), 32 bytes.
    """

    offset: int
    line: int | None
    length: int
    head: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Messages of one source and partition, in ascending offsets.

    Attributes:
        source: name of the source, part of every position.
        partition: partition of the source; 0 for files.
        format: name of the adapter: ``native`` or, for example, ``cloudtrail``.
        offsets: offset of each message, ascending; gaps are blank lines or control records.
        messages: the bytes as they came.
        lines: one-based line on which each message begins, where the source has lines; for error texts.
        oversize: messages that were too large to be carried; their offsets are not in ``offsets``.
        first: first offset that the batch accounts for (blank lines before the first message included).
        last: last offset that the batch accounts for, inclusive.
        tombstones: offsets of messages that have no value at all (Kafka's null); they stand in ``messages`` as empty.
    """

    source: str
    partition: int
    format: str
    offsets: list[int]
    messages: list[bytes]
    first: int
    last: int
    lines: list[int] | None = None
    oversize: list[Oversize] = field(default_factory=list)
    tombstones: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Typed columns of the events that could be read, and dead letters for the rest.

    Attributes:
        events: one row per event, columns ``POSITION`` and ``EVENT`` of `schemas.facts` in that order, followed by
            ``raw`` (Binary, the message) and ``event.content`` (String, the event as decoded, see
            `streams.event_columns`). Sorted by offset and part.
        dead_letters: columns of ``DEAD_LETTER_SCHEMA``, sorted by offset and part.
    """

    events: pl.DataFrame
    dead_letters: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Recorded:
    """Everything that the store has to write for one batch, under one range.

    Attributes:
        evidence: one row per event and dead letter, sorted by offset and part: ``record`` (String, canonical),
            ``leaf_hash`` (Binary, 32 bytes), position columns and the queryable columns of the record.
        personal_short: position columns, ``salt`` and the values under the short clock, ``raw`` among them.
        personal_long: position columns, ``salt`` and the values under the long clock, pseudonyms among them.
        findings: one row per finding, sorted by offset, part, rule, role, with ``record`` and ``leaf_hash``.
        dead_letters: position columns, ``reason``, ``text``, ``bytes``, ``salt`` and ``raw``.
        merkle_root: RFC 6962 root over evidence leaves, then finding leaves; 32 bytes.
        messages_sha256: see `schemas.records.Range`.
        last_message_sha256: see `schemas.records.Range`.
        activity: see `streams.activity`.
    """

    evidence: pl.DataFrame
    personal_short: pl.DataFrame
    personal_long: pl.DataFrame
    findings: pl.DataFrame
    dead_letters: pl.DataFrame
    merkle_root: bytes
    messages_sha256: bytes
    last_message_sha256: bytes
    activity: pl.DataFrame | None = None
