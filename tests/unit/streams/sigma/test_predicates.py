"""Trees stay small: neighbours join, equal parts count once."""

from streams.sigma.predicates import And, Fold, Is, Leaf, Not, Or, Present, Refers, all_of, any_of, columns, leaves

A, B, C = (Leaf(name, Present()) for name in "abc")


def test_conjunctions_and_disjunctions_open_up() -> None:
    assert all_of([all_of([A, B]), C]) == And((A, B, C))
    assert any_of([any_of([A, B]), C]) == Or((A, B, C))
    assert all_of([any_of([A, B]), C]) == And((Or((A, B)), C))


def test_the_same_part_is_asked_once() -> None:
    assert all_of([A, A]) == A
    assert any_of([A, B, A]) == Or((A, B))


def test_equalities_of_one_column_become_one_test() -> None:
    one, two = Leaf("a", Is(("x",), Fold.LOWER)), Leaf("a", Is(("y", "x"), Fold.LOWER))
    assert any_of([one, two]) == Leaf("a", Is(("x", "y"), Fold.LOWER))


def test_equalities_join_only_where_they_ask_the_same() -> None:
    folded, exact, other = Leaf("a", Is(("x",), Fold.LOWER)), Leaf("a", Is(("x",))), Leaf("b", Is(("x",)))
    assert any_of([folded, exact, other]) == Or((folded, exact, other))
    assert all_of([exact, Leaf("a", Is(("y",)))]) == And((exact, Leaf("a", Is(("y",)))))


def test_every_column_is_named_references_included() -> None:
    refers = Leaf("c", Refers("d", "equals", Fold.EXACT, other_is_list=False))
    tree = And((A, Not(Or((B, refers)))))
    assert leaves(tree) == [A, B, refers]
    assert columns(tree) == {"a", "b", "c", "d"}
