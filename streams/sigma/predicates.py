"""What a rule asks, as plain values: a tree of and, or, not over tests of single columns.

The tree lies between Sigma and Polars. Its nodes are hashable, so a set of rules asks equal questions once, and a
test that two rules share is one column when they are evaluated (`streams.sigma.ruleset`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, TypeVar


class Fold(Enum):
    """How text is made comparable before it is compared; see `streams.sigma.folding`."""

    EXACT = "exact"
    LOWER = "lower"
    SIGMA = "sigma"


Comparison = Literal["eq", "lt", "lte", "gt", "gte"]
TimePart = Literal["minute", "hour", "day", "week", "month", "year"]
Likeness = Literal["equals", "startswith", "endswith", "contains"]


@dataclass(frozen=True, slots=True)
class Present:
    """The column has a value; a list has one if it holds at least one."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The column has no value; the only test besides ``not`` that an absent column meets."""


@dataclass(frozen=True, slots=True)
class Is:
    """The value equals one of ``values``, which are folded already."""

    values: tuple[str | int | bool, ...]
    fold: Fold = Fold.EXACT


@dataclass(frozen=True, slots=True)
class Like:
    """The text begins with, ends with or contains ``text``, which is folded already."""

    how: Literal["startswith", "endswith", "contains"]
    text: str
    fold: Fold


@dataclass(frozen=True, slots=True)
class Matches:
    """A regular expression in Rust's syntax finds a match somewhere in the (folded) text."""

    pattern: str
    fold: Fold = Fold.EXACT


@dataclass(frozen=True, slots=True)
class Compares:
    """The number stands in this relation to ``number``."""

    comparison: Comparison
    number: int


@dataclass(frozen=True, slots=True)
class ComparesPart:
    """A part of the time, taken in UTC, stands in this relation to ``number``."""

    part: TimePart
    comparison: Comparison
    number: int


@dataclass(frozen=True, slots=True)
class Within:
    """The text is an IP address inside ``network``; see `streams.sigma.addresses`."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Refers:
    """The value equals, begins with, ends with or contains the value of another column of the same type."""

    other: str
    how: Likeness
    fold: Fold
    other_is_list: bool


Test = Present | Absent | Is | Like | Matches | Compares | ComparesPart | Within | Refers


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test of one column. Of a list column it is met if any element meets it."""

    column: str
    test: Test
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """All of ``parts`` hold."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of ``parts`` holds."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``part`` does not hold."""

    part: Tree


Tree = Leaf | And | Or | Not


def all_of(parts: list[Tree]) -> Tree:
    """Return the conjunction of one or more trees; conjunctions among them are opened up."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    distinct = tuple(dict.fromkeys(flat))
    return distinct[0] if len(distinct) == 1 else And(distinct)


def any_of(parts: list[Tree]) -> Tree:
    """Return the disjunction of one or more trees; equalities of one column become one test."""
    merged = _merge_equalities([one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))])
    return merged[0] if len(merged) == 1 else Or(tuple(merged))


def leaves(tree: Tree) -> list[Leaf]:
    """Return the tests of a tree in reading order, repeated ones included."""
    if isinstance(tree, Leaf):
        return [tree]
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return [leaf for part in parts for leaf in leaves(part)]


_T = TypeVar("_T")


def joined(
    tree: Tree,
    leaf: Callable[[Leaf], _T],
    *,
    every: Callable[[list[_T]], _T],
    some: Callable[[list[_T]], _T],
    no: Callable[[_T], _T],
) -> _T:
    """Return what a tree comes to where its tests come to ``leaf``, and ``every``, ``some`` and ``no`` join those."""
    match tree:
        case And(parts) | Or(parts):
            found = [joined(part, leaf, every=every, some=some, no=no) for part in parts]
            return every(found) if isinstance(tree, And) else some(found)
        case Not(part):
            return no(joined(part, leaf, every=every, some=some, no=no))
    return leaf(tree)


def columns(tree: Tree) -> frozenset[str]:
    """Return the names of the columns that a tree reads."""
    found = leaves(tree)
    others = {leaf.test.other for leaf in found if isinstance(leaf.test, Refers)}
    return frozenset({leaf.column for leaf in found} | others)


def _merge_equalities(parts: list[Tree]) -> list[Tree]:
    """Join ``a = x or a = y`` to ``a in (x, y)``, at the place of the first."""
    merged: dict[object, Tree] = {}
    for part in parts:
        if not (isinstance(part, Leaf) and isinstance(part.test, Is)):
            merged[part] = part
            continue
        key = (part.column, part.test.fold)
        earlier = merged.get(key)
        known = earlier.test.values if isinstance(earlier, Leaf) and isinstance(earlier.test, Is) else ()
        values = tuple(dict.fromkeys((*known, *part.test.values)))
        merged[key] = Leaf(part.column, Is(values, part.test.fold), part.is_list)
    return list(merged.values())
