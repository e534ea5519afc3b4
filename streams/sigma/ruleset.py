"""Many rules over one frame, each question asked once.

Rules look at the same facts again and again. A set of them is judged in three passes over a batch: texts are folded and
addresses read (once per column), every distinct test becomes a Boolean column, then the conditions join those. Measured
against one expression per rule, this is what makes thirty rules cost little more than their distinct tests. The third
pass works on bit masks one by one and not on expressions: most conditions are over after two of their tests, because no
event meets those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import polars as pl

from streams.sigma.compiler import CompiledRule
from streams.sigma.expressions import leaf_expression, subject_expression, subjects
from streams.sigma.predicates import joined, leaves

MATCH_SCHEMA: Final = {"row": pl.UInt32(), "rule": pl.String(), "condition": pl.UInt16()}
"""Columns of a frame of matches: index of the row, id of the rule, index of the condition in the rule."""

_Join = Callable[[Sequence[pl.Series]], pl.Series]
"""Says of a condition in which rows it holds (Boolean), by the answers to all tests."""


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
        places = {leaf: place for place, leaf in enumerate(distinct)}
        self._joins = [
            joined(tree, lambda leaf: _test(places[leaf]), every=_all, some=_any, no=_not)
            for _, _, tree in self._conditions
        ]

    def judge(self, facts: pl.DataFrame) -> pl.DataFrame:
        """Return one Boolean column without nulls per condition, in the order of rules and conditions.

        Args:
            facts: one row per event; every column that the rules read, in the types they were compiled for.

        Raises:
            polars.exceptions.ColumnNotFoundError: a column that a rule reads is missing.
        """
        # Decoded frames come in dozens of chunks, and every one of the many small tests would pay for each of them.
        looked_at = facts.select_seq(self._subjects).rechunk()
        tests = looked_at.select(self._tests).get_columns()
        return pl.DataFrame([join(tests).alias(str(number)) for number, join in enumerate(self._joins)])

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


def _test(place: int) -> _Join:
    return lambda tests: tests[place]


def _all(joins: Sequence[_Join]) -> _Join:
    def met(tests: Sequence[pl.Series]) -> pl.Series:
        found = joins[0](tests)
        for join in joins[1:]:
            if not found.any():
                break
            found = found & join(tests)
        return found

    return met


def _any(joins: Sequence[_Join]) -> _Join:
    def met(tests: Sequence[pl.Series]) -> pl.Series:
        found = joins[0](tests)
        for join in joins[1:]:
            found = found | join(tests)
        return found

    return met


def _not(join: _Join) -> _Join:
    return lambda tests: ~join(tests)
