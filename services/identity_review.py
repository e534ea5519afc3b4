"""The identity review: one identity (CloudEvents source and id) under which different contents are known.

A rule looks at one event; that an id was used again for something else shows only among all of them. What has grown
since the last review is looked up in the whole store, in slices, so that memory stays bounded. Every position of such
an identity gets a finding of TRAIL-ID-REUSED, whichever came first: the outcome depends neither on the order in which
events were recorded nor on when, how often and by how many they are reviewed (docs/decisions/0005).

A review is over once `done` is told how far it came; until then the next one does it again, and adds what is missing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import polars as pl

from schemas.records import Range
from services.recording import Prepared
from services.store import Store, statement
from streams import merkle
from streams.batch import Recorded
from streams.pipeline import Context
from streams.resume import messages_hmac
from streams.reused_ids import reused_id_findings, reviewing

SOURCE: Final = "ashiato:identity-review"
"""Source of the ranges that reviews write. Each review takes a partition of its own; offsets count its findings."""

EVENTS_PER_SLICE: Final = 500_000
FINDINGS_PER_RANGE: Final = 20_000
FEW: Final = 5_000
"""So many identities are given to a query as they are: a server takes 128 KiB in one parameter."""
SLOWEST: Final = 10_000
"""Rows a second: fewer are not worth spreading."""
_GIVEN: Final = "SELECT arrayJoin({identities:Array(UInt64)}) AS identity"
"""In place of looking for repeated identities, where they are few."""
_PROGRESS: Final = "reviewed_positions"


class Grown(NamedTuple):
    """A partition of a source whose offsets behind ``after`` (-1: all), up to ``through``, are to be reviewed."""

    source: str
    partition: int
    after: int
    through: int


def grown(store: Store) -> list[Grown]:
    """Return what was recorded since it was last reviewed.

    Raises:
        StoreError: the store cannot be read.
    """
    return [Grown(**row) for row in store.rows(statement("review_state"), {"review": SOURCE})]


def pieces(
    store: Store,
    context: Context,
    what: Sequence[Grown],
    *,
    now: Callable[[], dt.datetime],
    new_id: Callable[[], str],
    seconds: float = 0.0,
) -> Iterator[Prepared]:
    """Yield the findings of one review, at most FINDINGS_PER_RANGE at a time; each has to count before the next.

    Args:
        store: where events are.
        context: rulebook, keys and versions of the findings.
        what: see `grown`.
        now: the clock, UTC.
        new_id: names ranges.
        seconds: what it reads is spread over about so long, for the sake of whoever records beside it; a store that
            takes longer is read as fast as one core can.

    Raises:
        StoreError: the store cannot be read.
    """
    rules = reviewing(context.rulebook)
    found = _reused(store, what, [rule.id for rule in rules], seconds)
    partition, first = None, 0
    while rows := list(islice(found, FINDINGS_PER_RANGE)):
        name = new_id()
        if partition is None:
            partition = _partition(name)
            first = _end(store, partition)
        findings = reused_id_findings(rows, rules, context.versions, first)
        recorded = _nothing_but(findings)
        of = _range(context, recorded, partition, first=first, now=now(), name=name)
        yield Prepared(recorded, of)
        first = of.last + 1


def done(store: Store, what: Sequence[Grown], now: dt.datetime) -> None:
    """Take note that all of this is reviewed, and all findings of it count.

    Raises:
        StoreError: that cannot be written; what it is about will be reviewed again.
    """
    rows = [{"recorded_at": now, "source": one.source, "partition": one.partition, "last": one.through} for one in what]
    store.insert(_PROGRESS, pl.DataFrame(rows, schema_overrides={"recorded_at": pl.Datetime("us", "UTC")}))


def review_identities(
    store: Store, context: Context, *, now: Callable[[], dt.datetime], new_id: Callable[[], str]
) -> Counter[str]:
    """Review what was recorded since the last review and record the findings; return rule → findings.

    For one process that waits for it; `services.reviewer` does the same beside a recorder. Arguments as of `pieces`.

    Raises:
        StoreError: the store cannot be read or written.
    """
    found: Counter[str] = Counter()
    if what := grown(store):
        for piece in pieces(store, context, what, now=now, new_id=new_id):
            store.write(piece.recorded, piece.range)
            found.update(dict(piece.recorded.findings["rule"].value_counts().iter_rows()))
        done(store, what, now())
    return found


def _reused(store: Store, what: Sequence[Grown], rules: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """Yield positions without a finding whose identity has several contents and occurs in what has grown.

    Most logs repeat no identity, others a few. Which ones is asked by itself: planning the rest takes ten times as long
    as the answer, and would look for them again.
    """
    sources, partitions, afters, throughs = (list(column) for column in zip(*what, strict=True))
    where = {"sources": sources, "partitions": partitions, "afters": afters, "throughs": throughs}
    size = store.rows(statement("review_size"), where)[0]
    events, rows = size["events"], size["evidence"] + size["findings"]
    slices = events // EVENTS_PER_SLICE + 1
    each = seconds / slices / 2
    repeated, reused = statement("repeated_ids"), statement("reused_ids")
    for one in range(slices):
        of = {**where, "slice": one, "slices": slices}
        settings = _settings(size["evidence"] + 2 * events, each)
        identities = [row["identity"] for row in store.rows(f"{repeated} LIMIT {FEW + 1} {settings}", of)]
        if not identities:
            continue
        looked_for, reads = repeated, 6 * rows + 4 * events
        if len(identities) <= FEW:
            looked_for, reads, of = _GIVEN, 3 * rows, {"identities": identities}
        query = reused.replace("-- repeated_ids.sql", looked_for)
        yield from store.rows(f"{query} {_settings(reads, each)}", {**of, "rules": rules})


def _settings(reads: int, seconds: float) -> str:
    """Return the settings of a query: one core; so many seconds if it can (0: as soon as it can).

    A review has time; recording has not. Read at once, it is a second or more of a core that a recorder on two lacks.

    The engine sleeps after each block until all that the query has read until then is no more than the speed allows for
    the time since the pipeline at hand began, and a query of subqueries is a pipeline after the other: rows of the n-th
    to the last count n times in ``reads``.
    """
    one_core = "SETTINGS max_threads = 1"
    if not seconds:
        return one_core
    speed = max(SLOWEST, int(reads / seconds))
    return f"{one_core}, max_execution_speed = {speed}, timeout_before_checking_execution_speed = 0"


def _partition(name: str) -> int:
    """Return the partition of a review, by the name of its first range: two at once do not share offsets."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


def _end(store: Store, partition: int) -> int:
    """Return where a partition goes on; among very many reviews there may have been one with the same."""
    end: int = store.rows(statement("review_end"), {"review": SOURCE, "partition": partition})[0]["end"]
    return end


def _nothing_but(findings: pl.DataFrame) -> Recorded:
    """Return what is written for a review: findings, and no events of its own."""
    none = pl.DataFrame()
    digest = hashlib.sha256(b"").digest()
    return Recorded(
        evidence=none,
        personal_short=none,
        personal_long=none,
        findings=findings,
        dead_letters=none,
        merkle_root=merkle.root(findings["leaf_hash"].to_list()),
        messages_sha256=digest,
        last_message_sha256=digest,
    )


def _range(context: Context, recorded: Recorded, partition: int, *, first: int, now: dt.datetime, name: str) -> Range:
    """Return the range of findings, one offset each."""
    return Range(
        id=name,
        source=SOURCE,
        partition=partition,
        first=first,
        last=first + len(recorded.findings) - 1,
        messages=0,
        skipped=0,
        events=0,
        dead_letters=0,
        findings=len(recorded.findings),
        merkle_root=recorded.merkle_root.hex(),
        messages_hmac=messages_hmac(recorded.messages_sha256, context.keys),
        last_message_hmac=messages_hmac(recorded.last_message_sha256, context.keys),
        salt_key_id=context.keys.salt_key_id,
        recorded_at=now,
        **context.versions.model_dump(),
    )
