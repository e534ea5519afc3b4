"""Record: turn a judged batch into evidence, the bytes that are kept for good and the values that lie outside them.

The form of a record is written down in `schemas.records`. Everything here is a function of one row (and of the message
it came in), so records are the same bytes whatever batches they were made in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from schemas.records import COMMITTED, MAX_LIST_BYTES, Clock, Versions
from streams import merkle
from streams.activity import COLUMNS as ACTIVITY
from streams.activity import is_activity
from streams.batch import Decoded, RawBatch, Recorded
from streams.commit import Keys, compact_json, keyed_digest, of_clock, pseudonyms, salts
from streams.leaves import POSITION_IN_BATCH
from streams.ranges import Digest, bare_sha256s
from streams.record_dead_letters import dead_letter_records, with_commitments
from streams.record_events import SALT, event_records
from streams.record_findings import finding_records

CONTENT_HEX_DIGITS: Final = 32
_ESCAPED_BYTES: Final = 6
"""A byte of text takes so many in JSON at most: ``\\u001f``."""


def record(
    decoded: Sequence[Decoded],
    facts: pl.DataFrame,
    findings: pl.DataFrame,
    *,
    batches: Sequence[RawBatch],
    keys: Keys,
    versions: Versions,
) -> list[Recorded]:
    """Return everything that the store has to write, for each batch by itself.

    Args:
        decoded: events (their ``raw`` and ``event.content`` too) and dead letters of each batch.
        facts: the events of all batches, one behind the other, with all columns of `schemas.facts`.
        findings: what `streams.judge` said; ``row`` is an index into ``facts``.
        batches: the messages, for the digests and the sources' names.
        keys: for salts and pseudonyms.
        versions: named in finding records.
    """
    hashes = [bare_sha256s(batch.messages) for batch in batches]
    events = _prepared(decoded, facts, pl.concat(map(_of_events, decoded, batches, hashes)), keys)
    evidence = event_records(events)
    watched = is_activity(facts, findings)
    short, long = _personal(events, "short"), _personal(events, "long", _user_pseudonyms(keys))
    found = finding_records(events, findings, versions)
    recorded = []
    begin = found_begin = 0
    for batch, its, hashed in zip(batches, decoded, hashes, strict=True):
        end = begin + len(its.events)
        found_end = findings["row"].search_sorted(end, side="left")
        recorded.append(
            _recorded(
                batch,
                hashed,
                evidence=evidence[begin:end],
                watched=watched[begin:end],
                personal_short=short[begin:end],
                personal_long=long[begin:end],
                found=found[found_begin:found_end],
                letters=with_commitments(its.dead_letters, batch, keys),
            )
        )
        begin, found_begin = end, found_end
    return recorded


def _recorded(
    batch: RawBatch,
    hashes: pl.Series,
    *,
    evidence: pl.DataFrame,
    watched: pl.Series,
    personal_short: pl.DataFrame,
    personal_long: pl.DataFrame,
    found: pl.DataFrame,
    letters: pl.DataFrame,
) -> Recorded:
    """Return what is written for one batch: its part of the frames, its dead letters, and its digests."""
    watched_records = evidence[watched.arg_true()][[*ACTIVITY]]
    if len(letters):
        evidence = pl.concat([evidence, dead_letter_records(letters, batch)]).sort(*POSITION_IN_BATCH, "kind")
    everything = Digest()
    everything.add(batch, batch.first, batch.last, hashes)
    return Recorded(
        evidence=evidence,
        personal_short=personal_short,
        personal_long=personal_long,
        findings=found,
        dead_letters=letters[[*POSITION_IN_BATCH, "reason", "text", "bytes", "salt", "raw"]],
        merkle_root=merkle.root([*evidence["leaf_hash"].to_list(), *found["leaf_hash"].to_list()]),
        messages_sha256=everything.messages_sha256(),
        last_message_sha256=everything.last_message_sha256(),
        activity=watched_records,
    )


def keyed_content(told: pl.Series, keys: Keys) -> pl.Expr:
    """Return what evidence keeps as ``event.content`` (String, 32 hex digits).

    Two events are the same one if source, id and this are the same.

    Args:
        told: ``event.content`` as `streams.decode` has it.
        keys: the pseudonym key alone is read.
    """
    return keyed_digest("content", pl.lit(told), keys).str.head(CONTENT_HEX_DIGITS)


def _prepared(decoded: Sequence[Decoded], facts: pl.DataFrame, hashes: pl.Series, keys: Keys) -> pl.DataFrame:
    """Return facts with what else records need.

    That is salts, the keyed content, at the first event of each message ``raw`` as text and ``raw.sha256`` out of
    ``hashes`` (see `_of_events`), users as JSON in ``records.users.json``, and lists: their ``…_count``, and as JSON in
    ``….long`` what is too long for a record.
    """
    told = pl.concat(one.events[["event.content", "raw"]] for one in decoded)
    content = keyed_content(told["event.content"], keys)
    return facts.with_columns(
        content.alias("event.content"),
        told["raw"].cast(pl.String),
        pl.when(pl.lit(told["raw"].is_not_null())).then(pl.lit(hashes)).alias("raw.sha256"),
        salts(keys).alias("salts"),
        *_long_list(facts["records.fields"]),
        *_long_list(facts["grant.privileges"]),
        compact_json("records.users").alias("records.users.json"),
    ).with_columns(of_clock(pl.col("salts"), clock).alias(name) for clock, name in SALT.items())


def _of_events(decoded: Decoded, batch: RawBatch, hashes: pl.Series) -> pl.Series:
    """Return for each event of a batch the hash of the message it came in (`bare_sha256s`)."""
    offsets = pl.Series(batch.offsets, dtype=pl.Int64)
    return hashes[offsets.search_sorted(decoded.events["position.offset"])]


def _long_list(lists: pl.Series) -> tuple[pl.Expr, ...]:
    """Return how many a list holds, the list where it is short enough for a record, its JSON where it is not."""
    name = lists.name
    count = pl.col(name).list.len().cast(pl.Int64).alias(f"{name}_count")
    if not _may_be_long(lists):
        return count, pl.lit(None, pl.String).alias(f"{name}.long")
    json = compact_json(name)
    is_long = (json.str.len_bytes() > MAX_LIST_BYTES).fill_null(value=False)
    return (
        count,
        pl.when(~is_long).then(pl.col(name)).alias(name),
        pl.when(is_long).then(json).alias(f"{name}.long"),
    )


def _may_be_long(lists: pl.Series) -> bool:
    """Return whether the JSON of one of the lists could be too long for a record; cheaper than to write them all."""
    longest_list, longest_text = lists.list.len().max(), lists.explode().str.len_bytes().max()
    if not isinstance(longest_list, int) or not isinstance(longest_text, int):
        return False
    return longest_list * (longest_text * _ESCAPED_BYTES + len('"",')) + len("[]") > MAX_LIST_BYTES


def _personal(events: pl.DataFrame, clock: Clock, *more: pl.Expr) -> pl.DataFrame:
    """Return the values under one clock with their salt, and ``more``; column names as in ``COMMITTED``."""
    names = [name for name, its_clock in COMMITTED.items() if its_clock == clock]
    long_lists = {name: f"{name}.long" for name in names if f"{name}.long" in events.columns}
    values = (pl.col(long_lists.get(name, name)).alias(name) for name in names)
    return events.select_seq(*POSITION_IN_BATCH, pl.col(SALT[clock]).alias("salt"), *values, *more)


def _user_pseudonyms(keys: Keys) -> pl.Expr:
    """Return keyed pseudonyms of the users concerned (List of String, empty if they are not told).

    They let cases count users after the references themselves are erased.
    """
    hashed = pl.col("records.users").list.eval(pseudonyms("user", pl.element(), keys).drop_nulls())
    return hashed.fill_null(pl.lit([], dtype=pl.List(pl.String))).alias("user.pseudonyms")
