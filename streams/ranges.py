"""Ranges, the commit log of evidence: which positions count, and whether a source still says what was recorded.

A range row is written after the rows it vouches for. Rows of an attempt that was interrupted before its range row are
never seen. Two attempts may both complete (a stalled process that comes back): `accept` counts each position once.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from schemas.records import Range
from streams.batch import Oversize, RawBatch
from streams.commit import digest

_BLANK: Final = b" \t\r\n"
_HASH_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Accepted:
    """The part of a range that counts: offsets ``first`` to ``last``, both inclusive."""

    range: Range
    first: int
    last: int


def accept(ranges: Iterable[Range], sealed: Collection[str] = ()) -> list[Accepted]:
    """Fold ranges into those that count, each position once; the views of the store do the same in SQL.

    Per source and partition: what is sealed stays (a sealer takes ranges from the beginning, so sealed ones are a
    prefix); then the lowest (first, id) goes first. A range that overlaps the accepted end counts for its remainder,
    one that adds nothing does not count.

    Args:
        ranges: any ranges in any order.
        sealed: ids of ranges that are leaves of a sealed tree.

    Returns:
        What counts, by source, partition and offset.
    """
    accepted: list[Accepted] = []
    end: dict[tuple[str, int], int] = {}
    for one in sorted(ranges, key=lambda one: (one.source, one.partition, one.id not in sealed, one.first, one.id)):
        begin = max(one.first, end.get((one.source, one.partition), -1) + 1)
        if begin <= one.last:
            accepted.append(Accepted(one, begin, one.last))
            end[one.source, one.partition] = one.last
    return accepted


def gaps(accepted: Iterable[Accepted]) -> list[tuple[int, int]]:
    """Return the runs of offsets (first, last) of one source and partition, from 0, that no accepted range covers."""
    missing: list[tuple[int, int]] = []
    expected = 0
    for one in accepted:
        if one.first > expected:
            missing.append((expected, one.first - 1))
        expected = one.last + 1
    return missing


def bare(message: bytes) -> bytes:
    """Return a message without the white space of JSON (RFC 8259 §2) at its end.

    What digests are over: a last line that was read before its line feed came may still get blanks before it.
    """
    return message.rstrip(_BLANK)


def bare_sha256(message: bytes | Oversize) -> bytes:
    """Return SHA-256 of a message as `bare` gives it, 32 bytes."""
    return message.sha256 if isinstance(message, Oversize) else hashlib.sha256(bare(message)).digest()


def bare_sha256s(messages: Sequence[bytes]) -> pl.Series:
    """Return `bare_sha256` of each message (String, 64 hex digits), all at once."""
    raw = pl.Series("raw", messages, dtype=pl.Binary).to_frame()
    hashes = raw.select(digest(pl.col("raw"))).to_series()
    blank = pl.any_horizontal(pl.col("raw").bin.ends_with(bytes([one])) for one in _BLANK)
    longer = raw.select(blank.fill_null(value=False).arg_true()).to_series()
    return hashes.scatter(longer, [bare_sha256(messages[row]).hex() for row in longer])


class Digest:
    """Running SHA-256 over the hashes of messages, as `schemas.records.Range` defines ``messages_sha256``."""

    def __init__(self) -> None:
        self._all = hashlib.sha256()
        self._last = hashlib.sha256(b"").digest()

    def add(self, batch: RawBatch, first: int, last: int, hashes: pl.Series | None = None) -> None:
        """Add the messages of ``batch`` whose offsets lie in ``first`` to ``last``, both inclusive.

        Args:
            batch: the messages.
            first: offset of the first that counts.
            last: offset of the last that counts.
            hashes: `bare_sha256s` of all messages of the batch, if they are known.
        """
        for run in _runs(batch, first, last):
            if isinstance(run, Oversize):
                found = run.sha256
            else:
                begin, end = run
                texts = bare_sha256s(batch.messages[begin:end]) if hashes is None else hashes[begin:end]
                found = bytes.fromhex("".join(texts.to_list()))
            self._all.update(found)
            self._last = found[-_HASH_BYTES:]

    def messages_sha256(self) -> bytes:
        """Return SHA-256 over the hashes of all messages so far, 32 bytes."""
        return self._all.digest()

    def last_message_sha256(self) -> bytes:
        """Return SHA-256 of the last message so far, 32 bytes."""
        return self._last


def _runs(batch: RawBatch, first: int, last: int) -> Iterator[tuple[int, int] | Oversize]:
    """Yield messages in order: those that are held as (begin, end) in the batch, and oversized ones between."""
    begin = bisect_left(batch.offsets, first)
    end = bisect_left(batch.offsets, last + 1)
    for large in sorted(batch.oversize, key=lambda large: large.offset):
        if first <= large.offset <= last:
            stop = bisect_left(batch.offsets, large.offset)
            if stop > begin:
                yield begin, stop
            yield large
            begin = stop
    if end > begin:
        yield begin, end
