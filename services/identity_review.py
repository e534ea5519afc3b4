"""The identity review: one identity (CloudEvents source and id) under which different contents are known.

A rule looks at one event; that an id was used again for something else shows only among all of them. After files are
recorded, identities that were in them are looked up in the whole store, in slices, so that memory stays bounded.
Every position of such an identity gets a finding of TRAIL-ID-REUSED, whichever came first: the outcome does not depend
on the order in which files were recorded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import polars as pl

from schemas.records import Range
from services.store import Store, statement
from streams import merkle
from streams.batch import Recorded
from streams.pipeline import Context
from streams.resume import messages_hmac
from streams.reused_ids import reused_id_findings, reviewing

SOURCE: Final = "ashiato:identity-review"
"""Source of the ranges that reviews write. Their offsets count findings; ``messages`` is how many ranges were seen."""

EVENTS_PER_SLICE: Final = 500_000
FINDINGS_PER_RANGE: Final = 20_000


def review_identities(
    store: Store, context: Context, written: Sequence[str], *, now: dt.datetime, new_id: Callable[[], str]
) -> Counter[str]:
    """Review what was recorded since the last review and record the findings; return rule → findings.

    Args:
        store: where events are.
        context: rulebook, keys and versions of the findings.
        written: ids of the ranges that this process has written since.
        now: time of recording, UTC.
        new_id: names ranges.
    """
    state = store.rows(statement("review_state"), {"review": SOURCE})[0]
    ranges, seen, end = state["ranges"], state["reviewed"], state["end"]
    if ranges == seen:
        return Counter()
    # After a crash there are ranges that were never reviewed, and nobody knows which: then all are looked at.
    reused = _reused(store, context, list(written) if ranges == seen + len(written) else [])
    rules = reviewing(context.rulebook)
    found: Counter[str] = Counter()
    for rows in _chunks(reused):
        findings = reused_id_findings(rows, rules, context.versions, end)
        of = _range(context, findings, first=end, seen=seen, now=now, name=new_id())
        store.write(_nothing_but(findings), of)
        found.update(dict(findings["rule"].value_counts().iter_rows()))
        end = of.last + 1
    nothing = reused_id_findings([], rules, context.versions, end)
    store.write(_nothing_but(nothing), _range(context, nothing, first=end, seen=ranges, now=now, name=new_id()))
    return found


def _reused(store: Store, context: Context, ids: list[str]) -> Iterator[dict[str, Any]]:
    """Yield positions whose identity has several contents, among the ranges ``ids`` (all, if there are none)."""
    events = store.rows(statement("review_size"), {"ids": ids})[0]["events"]
    slices = events // EVENTS_PER_SLICE + 1
    rules = [rule.id for rule in reviewing(context.rulebook)]
    for one in range(slices):
        yield from store.rows(statement("reused_ids"), {"ids": ids, "slice": one, "slices": slices, "rules": rules})


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows in lists of at most FINDINGS_PER_RANGE."""
    while chunk := list(islice(rows, FINDINGS_PER_RANGE)):
        yield chunk


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


def _range(context: Context, findings: pl.DataFrame, *, first: int, seen: int, now: dt.datetime, name: str) -> Range:
    """Return the range of one chunk of findings; of none, it takes up one offset that says how far the review got."""
    recorded = _nothing_but(findings)
    return Range(
        id=name,
        source=SOURCE,
        partition=0,
        first=first,
        last=first + max(len(findings), 1) - 1,
        messages=seen,
        skipped=0,
        events=0,
        dead_letters=0,
        findings=len(findings),
        merkle_root=recorded.merkle_root.hex(),
        messages_hmac=messages_hmac(recorded.messages_sha256, context.keys),
        last_message_hmac=messages_hmac(recorded.last_message_sha256, context.keys),
        salt_key_id=context.keys.salt_key_id,
        recorded_at=now,
        **context.versions.model_dump(),
    )
