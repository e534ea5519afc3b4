"""The oracle: what must be in the store follows from the messages in the log alone; what is there is read and compared.

It makes the evidence of all messages in one go with the pure pipeline, so it shares neither batches nor retries, order
nor store with what is tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import polars as pl
from aiokafka import ConsumerRecord

from services.store import Store
from streams.batch import RawBatch
from streams.pipeline import Context, run
from streams.ranges import accept, gaps

AT: Final = ("position.partition", "position.offset", "position.part")
SHOWN: Final = 4
WIDTH: Final = 140
"""How many differences of one kind an error shows, and how much of each."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is of one source. Each entry counts how often something is there: once, if all is well.

    Attributes:
        evidence: partition, offset, part, kind, record, leaf hash (hex).
        findings: record, leaf hash.
        letters: partition, offset, part, reason, raw bytes (hex).
        short: partition, offset, part of rows under the short clock; ``long`` likewise.
    """

    evidence: Counter[Hashable] = field(default_factory=Counter)
    findings: Counter[Hashable] = field(default_factory=Counter)
    letters: Counter[Hashable] = field(default_factory=Counter)
    short: Counter[Hashable] = field(default_factory=Counter)
    long: Counter[Hashable] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was compared and found equal, for the report.

    Attributes:
        messages: in the log; each became events or dead letters.
        findings: of them.
        ranges: that count, at least in part.
        overlaps: ranges that say again, wholly or in part, what another one has said.
        orphans: rows of evidence that nobody sees.
    """

    messages: int
    events: int
    dead_letters: int
    findings: int
    ranges: int
    overlaps: int
    orphans: int


Records = Sequence[ConsumerRecord[bytes | None, bytes | None]]


def expected(messages: Records, source: str, context: Context) -> Outcome:
    """Return what must be in the store.

    Args:
        messages: all messages of a topic, by partition and offset.
        source: its name in positions.
        context: what they are judged with.
    """
    outcome = Outcome()
    for partition, of in groupby(messages, key=lambda one: one.partition):
        recorded = run(_batch(list(of), source, partition), context)
        at = [pl.lit(partition).alias(AT[0]), pl.col(AT[1:])]
        leaf = pl.col("leaf_hash").bin.encode("hex")
        _add(outcome.evidence, recorded.evidence.select(*at, "kind", "record", leaf))
        _add(outcome.findings, recorded.findings.select("record", leaf))
        _add(outcome.letters, recorded.dead_letters.select(*at, "reason", pl.col("raw").bin.encode("hex")))
        _add(outcome.short, recorded.personal_short.select(at))
        _add(outcome.long, recorded.personal_long.select(at))
    return outcome


def _batch(messages: Records, source: str, partition: int) -> RawBatch:
    """Return all messages of a partition as one batch."""
    offsets = [one.offset for one in messages]
    tombstones = frozenset(one.offset for one in messages if one.value is None)
    values = [one.value or b"" for one in messages]
    return RawBatch(source, partition, "native", offsets, values, first=0, last=offsets[-1], tombstones=tombstones)


def _add(into: Counter[Hashable], frame: pl.DataFrame) -> None:
    into.update(frame.iter_rows())


def found(store: Store, source: str) -> Outcome:
    """Return what the views of a store show of a source."""

    def rows(columns: str, view: str) -> Counter[Hashable]:
        sql = f"SELECT {columns} FROM {view} WHERE `position.source` = {{source:String}}"
        return Counter(tuple(row.values()) for row in store.rows(sql, {"source": source}))

    at = ", ".join(f"`{name}`" for name in AT)
    return Outcome(
        evidence=rows(f"{at}, kind, record, leaf_hash", "evidence"),
        findings=rows("record, leaf_hash", "findings"),
        letters=rows(f"{at}, reason, lower(hex(raw)) AS raw", "dead_letters"),
        short=rows(at, "personal_short"),
        long=rows(at, "personal_long"),
    )


def check(store: Store, source: str, messages: Records, ends: Mapping[int, int], context: Context) -> Counts:
    """Compare a store with the log that it was made from.

    Args:
        store: after all processes are done.
        source: name of the topic in positions.
        messages: what is in the topic.
        ends: the next offset of each partition.
        context: what it was judged with.

    Returns:
        What was equal.

    Raises:
        AssertionError: something is lost, there twice, different, or not covered by ranges; the text says what.
    """
    must, has = expected(messages, source, context), found(store, source)
    wrong = [*_differences(must, has), *_holes(store, source, messages, ends)]
    assert not wrong, "\n".join(wrong)
    return _counts(store, source, messages, must)


def _differences(must: Outcome, has: Outcome) -> Iterator[str]:
    for name in Outcome.__slots__:
        wanted: Counter[Hashable] = getattr(must, name)
        there: Counter[Hashable] = getattr(has, name)
        for what, rows in (("lost", wanted - there), ("twice or foreign", there - wanted)):
            if rows:
                yield f"{name}: {rows.total()} {what} of {wanted.total()}: {_shown(rows)}"


def _shown(rows: Iterable[Any]) -> str:
    return "; ".join(one[:WIDTH] for one in sorted(map(str, rows))[:SHOWN])


def _holes(store: Store, source: str, messages: Records, ends: Mapping[int, int]) -> Iterator[str]:
    """Yield what the accepted ranges leave out, and what they claim to cover though it is not there."""
    accepted = accept(store.ranges(source))
    last = {one.partition: one.offset for one in messages}  # by offset: the highest stays
    for partition, end in ends.items():
        mine = [one for one in accepted if one.range.partition == partition]
        covered = mine[-1].last if mine else -1
        if missing := gaps(mine):
            yield f"ranges of partition {partition} leave out {missing[:SHOWN]}"
        if not last.get(partition, -1) <= covered < max(end, 1):
            yield f"ranges of partition {partition} end at {covered}, its last message is at {last.get(partition)}"
    for one in accepted:
        if (one.first, one.last) == (one.range.first, one.range.last):
            inside = sum(m.partition == one.range.partition and one.first <= m.offset <= one.last for m in messages)
            if inside != one.range.messages:
                yield f"range {one.range.id} vouches for {one.range.messages} messages, there are {inside}"


def _counts(store: Store, source: str, messages: Records, must: Outcome) -> Counts:
    ranges = store.ranges(source)
    accepted = accept(ranges)
    whole = sum((one.first, one.last) == (one.range.first, one.range.last) for one in accepted)
    (rows,) = store.rows("SELECT count() AS n FROM evidence_rows")
    (shown,) = store.rows("SELECT count() AS n FROM evidence")
    return Counts(
        messages=len(messages),
        events=len(must.short),
        dead_letters=len(must.letters),
        findings=must.findings.total(),
        ranges=len(accepted),
        overlaps=len(ranges) - whole,
        orphans=rows["n"] - shown["n"],
    )
