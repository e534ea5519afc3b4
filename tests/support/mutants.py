"""Rules with one thing changed, to see whether the tests inside a rule file notice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from streams.sigma.expressions import leaf_expression, tree_expression
from streams.sigma.predicates import Is, Leaf, Tree, leaves

Mutant = tuple[str, list[pl.Expr]]


def mutants(trees: Sequence[Tree]) -> Iterator[Mutant]:
    """Yield what was changed, and the conditions of the changed rule.

    One test of one column at a time always answers yes, always answers no (which is what leaving a selection out comes
    to, be it negated or not), or forgets one of the values that it looks for.
    """
    for leaf in dict.fromkeys(leaf for tree in trees for leaf in leaves(tree)):
        for answer in (True, False):
            yield f"{leaf.column} {leaf.test} always {answer}", _conditions(trees, leaf, pl.lit(answer))
        if isinstance(leaf.test, Is) and len(leaf.test.values) > 1:
            for value in leaf.test.values:
                fewer = replace(leaf.test, values=tuple(other for other in leaf.test.values if other != value))
                forgets = leaf_expression(replace(leaf, test=fewer))
                yield f"{leaf.column} without {value!r}", _conditions(trees, leaf, forgets)


def _conditions(trees: Sequence[Tree], changed: Leaf, instead: pl.Expr) -> list[pl.Expr]:
    def named(leaf: Leaf) -> pl.Expr:
        return instead if leaf == changed else leaf_expression(leaf)

    return [_tall(tree_expression(tree, named)) for tree in trees]


def _tall(condition: pl.Expr) -> pl.Expr:
    """Return a condition that has as many rows as its frame even if nothing in it looks at a column any more."""
    return condition & pl.int_range(pl.len()).ge(0)
