"""Each distinct key is resolved once, however many rows ask for it."""

from typing import Any

import polars as pl

from streams.distinct import DistinctTable, Key


class Counted:
    """A function that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, key: Key) -> tuple[str | None]:
        self.asked.append(dict(key))
        return (None if key["a"] is None else f"{key['a']}!",)


def table(resolve: Counted, limit: int = 100) -> DistinctTable:
    return DistinctTable({"answer": pl.String()}, resolve, limit=limit)


def test_rows_of_one_key_are_resolved_once_and_answered_in_their_order() -> None:
    resolve = Counted()
    answers = table(resolve).of(pl.DataFrame({"a": ["x", "y", "x", None, "x", None]}))
    assert answers["answer"].to_list() == ["x!", "y!", "x!", None, "x!", None]
    assert len(resolve.asked) == 3


def test_a_known_key_is_not_resolved_again() -> None:
    resolve = Counted()
    answering = table(resolve)
    answering.of(pl.DataFrame({"a": ["x"]}))
    answering.of(pl.DataFrame({"a": ["x", "y"]}))
    assert resolve.asked == [{"a": "x"}, {"a": "y"}]


def test_the_order_of_key_columns_does_not_matter() -> None:
    resolve = Counted()
    answering = table(resolve)
    answering.of(pl.DataFrame({"a": ["x"], "b": ["y"]}))
    answering.of(pl.DataFrame({"b": ["y"], "a": ["x"]}))
    assert resolve.asked == [{"a": "x", "b": "y"}]


def test_keys_beyond_the_limit_are_forgotten_but_answered() -> None:
    resolve = Counted()
    answering = table(resolve, limit=2)
    for text in "wxyz":
        assert answering.of(pl.DataFrame({"a": [text]}))["answer"].to_list() == [f"{text}!"]
    answering.of(pl.DataFrame({"a": ["w"]}))
    assert [key["a"] for key in resolve.asked] == ["w", "x", "y", "z", "w"]


def test_one_batch_may_hold_more_keys_than_the_limit() -> None:
    many = [str(number) for number in range(50)]
    assert table(Counted(), limit=3).of(pl.DataFrame({"a": many}))["answer"].to_list() == [f"{text}!" for text in many]


def test_no_rows_give_no_rows_of_the_declared_type() -> None:
    answers = table(Counted()).of(pl.DataFrame({"a": []}, schema={"a": pl.String}))
    assert answers.schema == {"answer": pl.String()}
    assert answers.is_empty()
