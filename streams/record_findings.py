"""Records of findings: what a rule said of one position, and on which facts."""

from __future__ import annotations

from functools import cache
from typing import Final, get_args

import polars as pl

from schemas.findings import PARTY_OF, Role, country_of
from schemas.records import RECORD_VERSION, Versions
from schemas.register import PolicyItem
from streams.commit import both, digest
from streams.leaves import POSITION_IN_BATCH, leaf_text, with_leaves, written

_EVENT_COLUMNS: Final = (
    "position.source", "position.partition", "position.offset", "position.part",
    "event.time", "event.source", "event.id", "event.content", "asset.key", "planned.id", "action", "operation",
)  # fmt: skip
_MAX_FACTS_BYTES: Final = 32_768
"""A rule may have read a list of thousands; the event's own record holds fast to it anyway."""

_FINDING: Final = (
    "rule", "rule_version", "rule_sha256", "role", "level", "event_identity", "event_content", "event_time",
    "asset", "party", "country", "policy_item", "episode", "register_sha256", "interpretations_sha256",
)  # fmt: skip
"""Keys of `schemas.findings.Finding` in order, between the position and ``facts``."""

_ROLES: Final[tuple[Role, ...]] = get_args(Role)
_ITEMS: Final[tuple[PolicyItem | None, ...]] = (None, *get_args(PolicyItem))
_COUNTRIES: Final = {
    (role, item): column for role in _ROLES for item in _ITEMS if (column := country_of(role, item)) is not None
}
"""Column of the country by role and policy item."""


def finding_records(events: pl.DataFrame, findings: pl.DataFrame, versions: Versions) -> pl.DataFrame:
    """Return one row per finding: the columns that flags are folded by, ``record`` and ``leaf_hash``.

    Args:
        events: rows that ``findings.row`` points into: facts and the keyed ``event.content``.
        findings: columns of `streams.judge`, sorted by row, rule, role.
        versions: register and interpretations that the facts come from.
    """
    about = _about(events, findings)
    encoded = about.with_columns(
        pl.lit(versions.register_sha256).alias("register_sha256"),
        pl.lit(versions.interpretations_sha256).alias("interpretations_sha256"),
    ).select(
        *POSITION_IN_BATCH,
        "position.source",
        "position.partition",
        *(name for name in _FINDING if not name.endswith("sha256")),
        pl.col("planned.id").is_not_null().alias("planned"),
        "action",
        "operation",
        _record(),
    )
    return with_leaves(encoded)


def _about(events: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Return findings with what they need of their event; ``party`` and ``country`` as their role says."""
    columns = {*PARTY_OF.values(), *_COUNTRIES.values()}
    wanted = events[[*dict.fromkeys([*_EVENT_COLUMNS, *sorted(columns)])]]
    joined = pl.concat([findings, wanted[findings["row"]]], how="horizontal")
    return joined.with_columns(
        _party(),
        _country(),
        digest(both(pl.col("event.source"), pl.col("event.id"))).alias("event_identity"),
        pl.col("event.content").alias("event_content"),
        pl.col("event.time").alias("event_time"),
        pl.col("asset.key").alias("asset"),
    )


@cache
def _party() -> pl.Expr:
    """Return the column that a finding's role takes its party from."""
    chosen = pl.lit(None, dtype=pl.String)
    for role, column in PARTY_OF.items():
        chosen = pl.when(pl.col("role") == role).then(column).otherwise(chosen)
    return chosen.alias("party")


@cache
def _country() -> pl.Expr:
    """Return the column that a finding's role and policy item take its country from."""
    chosen = pl.lit(None, dtype=pl.String)
    for (role, item), column in _COUNTRIES.items():
        this = (pl.col("role") == role) & pl.col("policy_item").eq_missing(pl.lit(item, dtype=pl.String))
        chosen = pl.when(this).then(column).otherwise(chosen)
    return chosen.alias("country")


@cache
def _record() -> pl.Expr:
    """Return `schemas.findings.Finding` as a leaf; ``facts`` is JSON already and goes in as it is, last."""
    head = pl.struct(
        pl.lit(RECORD_VERSION).alias("v"),
        pl.lit("finding").alias("record"),
        *(pl.col(f"position.{name}").alias(name) for name in ("source", "partition", "offset", "part")),
        *(written("event.time").alias(name) if name == "event_time" else pl.col(name) for name in _FINDING),
    ).struct.json_encode()
    facts = pl.when(pl.col("facts").str.len_bytes() <= _MAX_FACTS_BYTES).then(pl.col("facts")).otherwise(pl.lit("{}"))
    return leaf_text(head.str.strip_suffix("}"), pl.lit(',"facts":'), facts, pl.lit("}"))
