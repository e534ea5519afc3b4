"""From the tree of a rule to a Polars expression that is true or false for every row, never null.

Absent is decided at each leaf, before any ``not``: a leaf of an absent column is false. So ``not a`` holds where ``a``
is absent, as in Sigma, though Polars alone would pass the null on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from operator import and_, or_
from typing import Final, Literal

import polars as pl

from streams.sigma.addresses import address_key, within
from streams.sigma.folding import fold_expression
from streams.sigma.predicates import (
    Absent,
    Compares,
    ComparesPart,
    Comparison,
    Fold,
    Is,
    Leaf,
    Like,
    Matches,
    Present,
    Refers,
    Test,
    Tree,
    Within,
    joined,
)

_FEW: Final = 4
"""Up to this many values, comparing with each is cheaper than a set."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a test looks at: a column as it is, folded, or read as IP addresses."""

    column: str
    is_list: bool
    form: Fold | Literal["address"]

    @property
    def is_derived(self) -> bool:
        """Whether it has to be computed from its column."""
        return self.form is not Fold.EXACT


def subjects(leaf: Leaf) -> list[Subject]:
    """Return what a leaf looks at: its column, then the one it refers to."""
    match leaf.test:
        case Within():
            return [Subject(leaf.column, leaf.is_list, "address")]
        case Refers(other=other, fold=fold, other_is_list=other_is_list):
            return [Subject(leaf.column, leaf.is_list, fold), Subject(other, other_is_list, fold)]
        case Is(fold=fold) | Like(fold=fold) | Matches(fold=fold):
            return [Subject(leaf.column, leaf.is_list, fold)]
    return [Subject(leaf.column, leaf.is_list, Fold.EXACT)]


def subject_expression(subject: Subject) -> pl.Expr:
    """Return the expression that computes a subject from its column."""
    column = pl.col(subject.column)
    if not subject.is_derived:
        return column
    return column.list.eval(_derive(pl.element(), subject)) if subject.is_list else _derive(column, subject)


def leaf_expression(leaf: Leaf, look: Callable[[Subject], pl.Expr] = subject_expression) -> pl.Expr:
    """Return a leaf as a Boolean expression without nulls.

    Args:
        leaf: the test of a column.
        look: how a subject is got at; by default it is computed in place.
    """
    seen = [look(subject) for subject in subjects(leaf)]
    match leaf.test:
        case Present():
            return _present(seen[0], is_list=leaf.is_list)
        case Absent():
            return ~_present(seen[0], is_list=leaf.is_list)
        case Refers():
            return _refers(seen[0], seen[1], leaf.test, is_list=leaf.is_list).fill_null(False)
    if not leaf.is_list:
        return _holds(seen[0], leaf.test)
    if isinstance(leaf.test, Is):
        found = [seen[0].list.contains(pl.lit(value)) for value in leaf.test.values]
        return balanced(or_, found).fill_null(False)
    return seen[0].list.eval(_holds(pl.element(), leaf.test)).list.any().fill_null(False)


def tree_expression(tree: Tree, leaf: Callable[[Leaf], pl.Expr] = leaf_expression) -> pl.Expr:
    """Return a tree as a Boolean expression without nulls, its leaves built by ``leaf``."""
    return joined(tree, leaf, every=partial(balanced, and_), some=partial(balanced, or_), no=pl.Expr.not_)


def balanced(join: Callable[[pl.Expr, pl.Expr], pl.Expr], parts: Iterable[pl.Expr]) -> pl.Expr:
    """Join one or more expressions by pairs, so that a thousand of them nest ten deep, not a thousand."""
    row = list(parts)
    while len(row) > 1:
        pairs = [join(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
        row = pairs + row[len(pairs) * 2 :]
    return row[0]


def _derive(text: pl.Expr, subject: Subject) -> pl.Expr:
    return fold_expression(text, subject.form) if isinstance(subject.form, Fold) else address_key(text)


def _present(column: pl.Expr, *, is_list: bool) -> pl.Expr:
    """A list is present if it holds a value; one of nothing but nulls is as absent as an empty one."""
    if not is_list:
        return column.is_not_null()
    return column.list.eval(pl.element().is_not_null()).list.any().fill_null(False)


def _holds(value: pl.Expr, test: Test) -> pl.Expr:
    """Return a test of a single value; null does not hold."""
    match test:
        case Is(values):
            return _is(value, values)
        case Like(how, text):
            return _like(value, how, pl.lit(text)).fill_null(False)
        case Matches(pattern):
            return value.str.contains(pattern).fill_null(False)
        case Compares(comparison, number):
            return _compare(value, comparison, number).fill_null(False)
        case ComparesPart(part, comparison, number):
            taken: pl.Expr = getattr(value.dt, part)()
            return _compare(taken.cast(pl.Int32), comparison, number).fill_null(False)
        case Within(network):
            return within(value, network).fill_null(False)
    raise TypeError(f"{type(test).__name__} is no test of a single value")


def _is(value: pl.Expr, values: tuple[str | int | bool, ...]) -> pl.Expr:
    if len(values) <= _FEW:
        return balanced(or_, [value.eq_missing(pl.lit(one)) for one in values])
    return value.is_in(list(values)).fill_null(False)


def _like(value: pl.Expr, how: str, text: pl.Expr) -> pl.Expr:
    if how == "startswith":
        return value.str.starts_with(text)
    if how == "endswith":
        return value.str.ends_with(text)
    return value.str.contains(text, literal=True)


def _compare(value: pl.Expr, comparison: Comparison, number: int) -> pl.Expr:
    match comparison:
        case "lt":
            return value < number
        case "lte":
            return value <= number
        case "gt":
            return value > number
        case "gte":
            return value >= number
    return value == number


def _refers(value: pl.Expr, other: pl.Expr, test: Refers, *, is_list: bool) -> pl.Expr:
    """Compare two columns; of two lists it holds if they share a value."""
    if is_list and test.other_is_list:
        return value.list.drop_nulls().list.set_intersection(other.list.drop_nulls()).list.len() > 0
    if is_list:
        return value.list.contains(other, nulls_equal=False)
    if test.other_is_list:
        return other.list.contains(value, nulls_equal=False)
    return value == other if test.how == "equals" else _like(value, test.how, other)
