"""Many rules over one frame, each question asked once.

Rules look at the same facts again and again. A set of them is judged in three passes over a batch: texts are folded and
addresses read (once per column), every distinct test becomes a Boolean column, then the conditions join those. Measured
against one expression per rule, this is what makes thirty rules cost little more than their distinct tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from streams.sigma.compiler import CompiledRule
from streams.sigma.expressions import leaf_expression, subject_expression, subjects, tree_expression
from streams.sigma.predicates import leaves

MATCH_SCHEMA: Final = {"row": pl.UInt32(), "rule": pl.String(), "condition": pl.UInt16()}
"""Columns of a frame of matches: index of the row, id of the rule, index of the condition in the rule."""


class RuleSet:
    """Compiled rules, prepared to judge frames together."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self.rules = tuple(rules)
        self.fields = frozenset[str]().union(*(rule.fields for rule in self.rules))
        self._conditions = [(rule.id, index, tree) for rule in self.rules for index, tree in enumerate(rule.trees)]
        distinct = dict.fromkeys(leaf for _, _, tree in self._conditions for leaf in leaves(tree))
        # Names of columns that exist only between the passes.
        tests = {leaf: f"test {number}" for number, leaf in enumerate(distinct)}
        seen = dict.fromkeys(subject for leaf in distinct for subject in subjects(leaf))
        looks = {subject: f"subject {number}" for number, subject in enumerate(seen)}

        self._subjects = [subject_expression(subject).alias(name) for subject, name in looks.items()]
        self._tests = [
            leaf_expression(leaf, lambda subject: pl.col(looks[subject])).alias(name) for leaf, name in tests.items()
        ]
        self._named = pl.DataFrame(
            [(rule, index) for rule, index, _ in self._conditions],
            schema={"rule": pl.String(), "condition": pl.UInt16()},
            orient="row",
        )
        self._joined = [
            tree_expression(tree, lambda leaf: pl.col(tests[leaf])).alias(str(number))
            for number, (_, _, tree) in enumerate(self._conditions)
        ]

    def judge(self, facts: pl.DataFrame) -> pl.DataFrame:
        """Return one Boolean column without nulls per condition, in the order of rules and conditions.

        Args:
            facts: one row per event; every column that the rules read, in the types they were compiled for.

        Raises:
            polars.exceptions.ColumnNotFoundError: a column that a rule reads is missing.
        """
        # Decoded frames come in dozens of chunks, and every one of the many small tests would pay for each of them.
        looked_at = facts.select(self._subjects).rechunk()
        return looked_at.select(self._tests).select(self._joined)

    def matches(self, facts: pl.DataFrame) -> pl.DataFrame:
        """Return which rows meet which conditions: ``MATCH_SCHEMA``, sorted by row, then by rule as given.

        Args:
            facts: as for `judge`.
        """
        found = self._named.with_columns(
            pl.Series("row", [met.arg_true() for met in self.judge(facts).get_columns()], dtype=pl.List(pl.UInt32))
        )
        # An empty list explodes to a null; a stable sort keeps rules in their order within a row.
        rows = found.explode("row").drop_nulls("row").sort("row", maintain_order=True)
        return rows.select(MATCH_SCHEMA.keys())
