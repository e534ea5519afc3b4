"""Expressions are true or false for every row, and no deeper than they need be."""

from ipaddress import ip_network
from operator import or_

import polars as pl
import pytest

from streams.sigma.expressions import Subject, balanced, leaf_expression, subject_expression, subjects, tree_expression
from streams.sigma.predicates import (
    Absent,
    And,
    Compares,
    ComparesPart,
    Fold,
    Is,
    Leaf,
    Like,
    Matches,
    Not,
    Or,
    Present,
    Refers,
    Test,
    Within,
)
from tests.support.sigma_rules import frame

NOTHING = frame([{}])

TEXT_TESTS: list[Test] = [
    Present(),
    Is(("a",)),
    Is(tuple("abcdefgh"), Fold.LOWER),
    Like("startswith", "", Fold.LOWER),
    Like("endswith", "", Fold.SIGMA),
    Like("contains", "", Fold.EXACT),
    Matches(".*"),
    Within(ip_network("0.0.0.0/0")),
]


@pytest.mark.parametrize("test", TEXT_TESTS)
@pytest.mark.parametrize("column", ["t", "l"])
def test_no_test_but_absent_holds_for_an_absent_column(column: str, test: Test) -> None:
    leaf = Leaf(column, test, is_list=column == "l")
    assert NOTHING.select(leaf_expression(leaf)).item() is False
    assert NOTHING.select(tree_expression(Not(leaf))).item() is True


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf("n", Compares("gt", 0)),
        Leaf("n", Is((0,))),
        Leaf("b", Is((False,))),
        Leaf("d", ComparesPart("hour", "lt", 24)),
        Leaf("t", Refers("u", "equals", Fold.SIGMA, other_is_list=False)),
        Leaf("t", Refers("l", "equals", Fold.SIGMA, other_is_list=True)),
        Leaf("l", Refers("k", "equals", Fold.EXACT, other_is_list=True), is_list=True),
    ],
)
def test_numbers_times_truth_and_references_are_absent_too(leaf: Leaf) -> None:
    assert NOTHING.select(leaf_expression(leaf)).item() is False
    assert NOTHING.select(tree_expression(Not(leaf))).item() is True


def test_absent_holds_for_absent_columns_alone() -> None:
    rows = frame([{"t": "a", "l": ["a"]}, {"l": []}, {"l": [None]}])
    assert rows.select(leaf_expression(Leaf("t", Absent())))["t"].to_list() == [False, True, True]
    assert rows.select(leaf_expression(Leaf("l", Absent(), is_list=True)))["l"].to_list() == [False, True, True]


def test_and_or_not_are_what_they_say() -> None:
    rows = frame([{"b": left, "c": right} for left in (True, False) for right in (True, False)])
    left, right = Leaf("b", Is((True,))), Leaf("c", Is((True,)))
    assert rows.select(tree_expression(And((left, right))))["b"].to_list() == [True, False, False, False]
    assert rows.select(tree_expression(Or((left, right))))["b"].to_list() == [True, True, True, False]
    assert rows.select(tree_expression(Not(Or((left, right)))))["b"].to_list() == [False, False, False, True]


def test_a_thousand_parts_do_not_nest_a_thousand_deep() -> None:
    parts = [Leaf("t", Like("contains", f"{number};", Fold.EXACT)) for number in range(1000)]
    assert frame([{"t": "999;"}, {"t": "x"}]).select(tree_expression(Or(tuple(parts))))["t"].to_list() == [True, False]


def test_parts_join_in_their_order() -> None:
    joined = balanced(lambda left, right: left + right, [pl.lit(letter) for letter in "abcde"])
    assert pl.select(joined).item() == "abcde"
    assert pl.select(balanced(or_, [pl.lit(True)])).item() is True


def test_subjects_say_what_has_to_be_computed() -> None:
    refers = Leaf("t", Refers("l", "equals", Fold.SIGMA, other_is_list=True))
    assert subjects(refers) == [Subject("t", False, Fold.SIGMA), Subject("l", True, Fold.SIGMA)]
    assert not Subject("t", False, Fold.EXACT).is_derived
    rows = frame([{"t": "ΟΔΟΣ", "l": ["Σ", None]}])
    [folded, folded_list] = rows.select(*map(subject_expression, subjects(refers))).row(0)
    assert (folded, folded_list) == ("οδοσ", ["σ", None])
