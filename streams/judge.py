"""judge: every rule over every event of a batch, findings out.

A finding depends on its event's facts and on the rulebook, on nothing else: neither on other events, nor on how many
there are in a batch, nor on what was judged before (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from schemas.facts import COLUMNS, Column
from schemas.findings import Role
from streams.rules import Rule, Rulebook
from streams.sigma.predicates import Tree, columns

FINDING_SCHEMA: Final = {
    "row": pl.UInt32(),
    "rule": pl.String(),
    "rule_version": pl.Int64(),
    "rule_sha256": pl.String(),
    "role": pl.String(),
    "level": pl.String(),
    "policy_item": pl.String(),
    "episode": pl.String(),
    "facts": pl.String(),
}
"""Columns of a frame of findings; ``row`` is the index of the event in the frame of facts."""

MAX_LISTED: Final = 8
"""Elements of a list that a finding's facts repeat; a last one says how many more there are. An event may list 10,000
names of 256 characters; the three lists of an event, cut like this, always fit into a record."""

_TOKYO: Final = "Asia/Tokyo"


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a rule."""

    rule: Rule
    role: Role
    tree: Tree

    @property
    def reads(self) -> tuple[Column, ...]:
        """The columns that the condition reads, in the order of the catalogue; found when somebody asks."""
        read = columns(self.tree)
        return tuple(column for name, column in COLUMNS.items() if name in read)


def parts(rulebook: Rulebook) -> Iterator[Part]:
    """Return the conditions of all rules, in the order in which the rules' set judges them."""
    for rule in rulebook:
        for role, tree in zip(rule.block.about, rule.compiled.trees, strict=True):
            yield Part(rule, role, tree)


def judge(facts: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    """Return what the rules say of these events.

    Args:
        facts: one row per event, with every column of `schemas.facts` that a rule reads, and ``event.time``.
        rulebook: the rules.

    Returns:
        Columns of `FINDING_SCHEMA`, sorted by row, rule, role. ``facts`` is a compact JSON object of the columns that
        the condition read, in the order of `schemas.facts.COLUMNS`: times in UTC with six digits, absent ones as null,
        personal ones only as true (present) or false (absent). ``episode`` is the event's day in Asia/Tokyo where the
        rule has daily episodes.

    Raises:
        polars.exceptions.ColumnNotFoundError: a column that a rule reads is missing.
    """
    judged = rulebook.ruleset.judge(facts)
    found = [
        _findings(facts, met.arg_true(), part)
        for part, met in zip(parts(rulebook), judged.get_columns(), strict=True)
        if met.any()
    ]
    return pl.concat(found or [pl.DataFrame(schema=FINDING_SCHEMA)]).sort("row", "rule", "role")


def _findings(facts: pl.DataFrame, rows: pl.Series, part: Part) -> pl.DataFrame:
    """Return the findings of one condition on the events that met it, which stand at ``rows``."""
    block, reads = part.rule.block, part.reads
    events = facts[[*dict.fromkeys(["event.time", *(column.name for column in reads)])]][rows]
    day = pl.col("event.time").dt.convert_time_zone(_TOKYO).dt.to_string("%Y-%m-%d")
    constants: dict[str, str | int | None] = {
        "rule": part.rule.id,
        "rule_version": part.rule.version,
        "rule_sha256": part.rule.sha256,
        "role": part.role,
        "level": part.rule.level,
        "policy_item": block.policy_item,
    }
    return events.select(
        rows.cast(pl.UInt32).alias("row"),
        *(pl.lit(value, dtype=FINDING_SCHEMA[name]).alias(name) for name, value in constants.items()),
        (day if block.episode == "day" else pl.lit(None, dtype=pl.String)).alias("episode"),
        pl.struct(shown(column).alias(column.name) for column in reads).struct.json_encode().alias("facts"),
    )


def shown(column: Column) -> pl.Expr:
    """Return what a finding shows of a column: its value, or for personal data whether there is one."""
    value = pl.col(column.name)
    if column.personal:
        present = value.is_not_null()
        return present & (value.list.len() > 0).fill_null(False) if column.type == "texts" else present
    if column.type == "time":
        return value.dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ")
    if column.type == "texts":
        more = pl.format("… {} more", value.list.len() - MAX_LISTED)
        return (
            pl.when(value.list.len() > MAX_LISTED)
            .then(pl.concat_list(value.list.head(MAX_LISTED), more))
            .otherwise(value)
        )
    return value
