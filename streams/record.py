"""Record: turn a judged batch into evidence, the bytes that are kept for good and the values that lie outside them.

The form of a record is written down in `schemas.records`. Everything here is a function of one row (and of the message
it came in), so records are the same bytes whatever batches they were made in.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from schemas.records import COMMITTED, MAX_LIST_BYTES, RECORD_COLUMNS, RECORD_VERSION, Clock, Versions
from streams import merkle
from streams.batch import Decoded, RawBatch, Recorded
from streams.commit import Keys, commitments, compact_json, keyed_digest, pseudonyms, salts
from streams.leaves import INDEXED, POSITION_IN_BATCH, with_leaves, written
from streams.ranges import Digest
from streams.record_dead_letters import dead_letter_records, with_commitments
from streams.record_findings import finding_records

_LISTS: Final = ("records.fields", "grant.privileges")
_SALT: Final[dict[Clock, str]] = {"short": "salt.short", "long": "salt.long"}


def record(
    decoded: Decoded, facts: pl.DataFrame, findings: pl.DataFrame, *, batch: RawBatch, keys: Keys, versions: Versions
) -> Recorded:
    """Return everything that the store has to write for one batch.

    Args:
        decoded: events (their ``raw``, ``event.identity`` and ``event.content`` too) and dead letters.
        facts: the same rows in the same order with all columns of `schemas.facts`.
        findings: what `streams.judge` said; ``row`` is an index into ``facts``.
        batch: the messages, for the digests and the source's name.
        keys: for salts and pseudonyms.
        versions: named in finding records.
    """
    events = _prepared(decoded, facts, batch, keys)
    letters = with_commitments(decoded.dead_letters, batch, keys)
    evidence = pl.concat([_event_records(events), dead_letter_records(letters, batch)]).sort(*POSITION_IN_BATCH, "kind")
    found = finding_records(events, findings, versions)
    everything = Digest()
    everything.add(batch, batch.first, batch.last)
    return Recorded(
        evidence=evidence,
        personal_short=_personal(events, "short"),
        personal_long=_personal(events, "long").with_columns(_user_pseudonyms(events, keys)),
        findings=found,
        dead_letters=letters.select(*POSITION_IN_BATCH, "reason", "text", "bytes", "salt", "raw"),
        merkle_root=merkle.root([*evidence["leaf_hash"], *found["leaf_hash"]]),
        messages_sha256=everything.messages_sha256(),
        last_message_sha256=everything.last_message_sha256(),
    )


def _prepared(decoded: Decoded, facts: pl.DataFrame, batch: RawBatch, keys: Keys) -> pl.DataFrame:
    """Return facts with salts, keyed content, ``raw`` as text at the first event of each message, long lists."""
    offset = pl.col("position.offset")
    first_of_message = (offset != offset.shift(1)).fill_null(value=True)
    return facts.with_columns(
        decoded.events["event.identity"],
        decoded.events["event.content"],
        decoded.events["raw"].cast(pl.String),
    ).with_columns(
        pl.when(first_of_message).then(pl.col("raw")).alias("raw"),
        keyed_digest("content", pl.col("event.content"), keys).alias("event.content"),
        *(salts(batch.source, batch.partition, clock, keys).alias(name) for clock, name in _SALT.items()),
        *(_if_long(name).alias(f"{name}.long") for name in _LISTS),
        compact_json("records.users").alias("records.users.json"),
    )


def _if_long(column: str) -> pl.Expr:
    """Return a list as JSON where it is too long for a record, else null."""
    json = compact_json(column)
    return pl.when(json.str.len_bytes() > MAX_LIST_BYTES).then(json)


def _value(name: str) -> pl.Expr:
    """Return the text that a record commits to under this name."""
    if name in _LISTS:
        return pl.col(f"{name}.long")
    return pl.col("records.users.json" if name == "records.users" else name)


def _event_records(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event: position, ``kind``, the indexed columns, ``record``, ``leaf_hash``."""
    committed = [commitments(_SALT[clock], name, _value(name)).alias(name) for name, clock in COMMITTED.items()]
    encoded = events.with_columns(pl.struct(committed).alias("commitments")).select(
        *POSITION_IN_BATCH,
        pl.lit("event").alias("kind"),
        *INDEXED,
        pl.struct(
            pl.lit(RECORD_VERSION).alias("v"),
            pl.lit("event").alias("record"),
            *(written(name) for name in RECORD_COLUMNS),
            *(expr for name in _LISTS for expr in _written_list(name)),
            "commitments",
        )
        .struct.json_encode()
        .alias("record"),
    )
    return with_leaves(encoded)


def _written_list(name: str) -> tuple[pl.Expr, pl.Expr]:
    """Return how many a list holds, and the list itself unless it is too long."""
    count = pl.col(name).list.len().cast(pl.Int64).alias(f"{name}.count")
    return count, pl.when(pl.col(f"{name}.long").is_null()).then(pl.col(name)).alias(name)


def _personal(events: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """Return the values under one clock with their salt; column names as in ``COMMITTED``."""
    names = [name for name, its_clock in COMMITTED.items() if its_clock == clock]
    plain = [_value(name).alias(name) if name in _LISTS else pl.col(name) for name in names]
    return events.select(*POSITION_IN_BATCH, pl.col(_SALT[clock]).alias("salt"), *plain)


def _user_pseudonyms(events: pl.DataFrame, keys: Keys) -> pl.Series:
    """Return keyed pseudonyms of the users concerned (List of String, empty if they are not told).

    They let cases count users after the references themselves are erased.
    """
    users = events.select("records.users")["records.users"]
    if users.null_count() == len(users):
        return pl.Series("user.pseudonyms", [[]] * len(users), dtype=pl.List(pl.String))
    named = pl.DataFrame({"user": users}).with_row_index("row").explode("user", empty_as_null=True)
    hashed = named.with_columns(pseudonyms("user", pl.col("user"), keys).alias("user.pseudonyms"))
    grouped = hashed.group_by("row", maintain_order=True).agg(pl.col("user.pseudonyms").drop_nulls())
    return grouped["user.pseudonyms"]
