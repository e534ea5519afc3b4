"""Ranges, the commit log of evidence: which positions count, and whether a source still says what was recorded.

A range row is written after the rows it vouches for. Rows of an attempt that was interrupted before its range row are
never seen. Two attempts may both complete (a stalled process that comes back): `accept` counts each position once.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from schemas.records import Range
from streams.batch import Oversize, RawBatch

_BLANK: Final = b" \t\r\n"


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
    text = _of_large(message) if isinstance(message, Oversize) else message
    return hashlib.sha256(bare(text)).digest() if isinstance(text, bytes) else text[1]


class Digest:
    """Running SHA-256 over messages, as `schemas.records.Range` defines ``messages_sha256``."""

    def __init__(self) -> None:
        self._all = hashlib.sha256()
        self._last = hashlib.sha256(b"").digest()

    def add(self, batch: RawBatch, first: int, last: int) -> None:
        """Add the messages of ``batch`` whose offsets lie in ``first`` to ``last``, both inclusive."""
        for run in _runs(batch, first, last):
            if isinstance(run, list):
                texts = [bare(message) for message in run]
                self._all.update(b"".join(chain.from_iterable((len(text).to_bytes(8, "big"), text) for text in texts)))
                self._last = hashlib.sha256(texts[-1]).digest()
            else:
                length, sha256 = run
                self._all.update(length.to_bytes(8, "big") + sha256)
                self._last = sha256

    def messages_sha256(self) -> bytes:
        """Return SHA-256 over all messages so far, 32 bytes."""
        return self._all.digest()

    def last_message_sha256(self) -> bytes:
        """Return SHA-256 of the last message so far, 32 bytes."""
        return self._last


def _runs(batch: RawBatch, first: int, last: int) -> Iterator[list[bytes] | tuple[int, bytes]]:
    """Yield messages in order: lists of those that are held, and (length, SHA-256) of oversized ones between."""
    begin = bisect_left(batch.offsets, first)
    end = bisect_left(batch.offsets, last + 1)
    for large in sorted(batch.oversize, key=lambda large: large.offset):
        if first <= large.offset <= last:
            stop = bisect_left(batch.offsets, large.offset)
            if stop > begin:
                yield batch.messages[begin:stop]
            text = _of_large(large)
            yield [text] if isinstance(text, bytes) else text
            begin = stop
    if end > begin:
        yield batch.messages[begin:end]


def _of_large(large: Oversize) -> bytes | tuple[int, bytes]:
    """Return (length, SHA-256) of an oversized message without white space at its end; itself if it is small then."""
    return (large.length, large.sha256) if large.bare is None else large.bare
