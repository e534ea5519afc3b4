"""Conditions mean what Sigma says, and what cannot be read is refused."""

from typing import Any

import pytest

from schemas.errors import Place, RuleError
from streams.sigma.conditions import MAX_DEPTH, condition_tree
from streams.sigma.predicates import And, Leaf, Not, Or, Present, Tree

A, B, C, D = (Leaf(name, Present()) for name in "abcd")
NAMED: dict[str, Tree] = {"a": A, "b_1": B, "b_2": C, "_hidden": D}
WHERE = Place("r.yml", 7, 3)


@pytest.mark.parametrize(
    ("condition", "tree"),
    [
        ("a", A),
        ("(a)", A),
        ("not a", Not(A)),
        ("not not a", Not(Not(A))),
        ("a and b_1", And((A, B))),
        ("a or b_1", Or((A, B))),
        ("a or b_1 and b_2", Or((A, And((B, C))))),
        ("(a or b_1) and b_2", And((Or((A, B)), C))),
        ("not a and b_1", And((Not(A), B))),
        ("not (a and b_1)", Not(And((A, B)))),
        ("a and not b_1 and not b_2", And((A, Not(B), Not(C)))),
        ("1 of b_*", Or((B, C))),
        ("any of b_*", Or((B, C))),
        ("all of b_*", And((B, C))),
        ("a and not 1 of b_*", And((A, Not(Or((B, C)))))),
        ("1 of them", Or((A, B, C))),
        ("all of them", And((A, B, C))),
        ("1 of _*", D),
        ("1 of *_1", B),
        ("all of a", A),
        ("_hidden", D),
    ],
)
def test_conditions_become_trees(condition: str, tree: Tree) -> None:
    assert condition_tree(condition, NAMED, WHERE) == tree


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("", "Expected"),
        ("a and", "Expected"),
        ("a b_1", "Expected"),
        ("(a", "Unbalanced parentheses"),
        ("a AND b_1", "Expected"),
        ("a && b_1", "Expected"),
        ("2 of b_*", "Expected"),
        ("c", "there is no detection 'c'"),
        ("1 of c_*", "no detection is named like 'c_*'"),
        ("a | count() > 5", "pipe syntax"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), "too complex"),
        ("not " * (MAX_DEPTH + 1) + "a", "too complex"),
        ("a or " * 1000 + "a", "too complex"),
    ],
)
def test_what_is_no_condition_is_refused_at_its_place(condition: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        condition_tree(condition, NAMED, WHERE)
    assert refused.value.where == WHERE
    assert reason in str(refused.value)


def test_the_detections_that_there_are_are_named() -> None:
    empty: dict[str, Any] = {}
    with pytest.raises(RuleError, match="the detections are a, b_1, b_2, _hidden"):
        condition_tree("x", NAMED, WHERE)
    with pytest.raises(RuleError, match=r"no detection 'x'$"):
        condition_tree("x", empty, WHERE)


def test_as_many_parentheses_as_are_allowed_are_read() -> None:
    assert condition_tree("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH, NAMED, WHERE) == A
