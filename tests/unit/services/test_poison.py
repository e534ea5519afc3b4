"""The share of dead letters that stops a recorder."""

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from schemas.errors import PoisonedError
from services.poison import PoisonWatch


def batch(messages: int, bad: int) -> Any:
    """Return a batch of which ``bad`` messages became two dead letters each."""
    letters = pl.DataFrame(
        {"position.offset": [i for i in range(bad) for _ in range(2)]}, schema={"position.offset": pl.Int64}
    )
    return SimpleNamespace(
        range=SimpleNamespace(messages=messages, source="s", partition=0, last=9),
        recorded=SimpleNamespace(dead_letters=letters),
    )


def stops(batches: list[tuple[int, int]], *, messages: int = 100, ratio: float = 0.5) -> int | None:
    """Return the batch at which the watch stops."""
    watch = PoisonWatch(messages, ratio)
    for number, (count, bad) in enumerate(batches):
        try:
            watch.add([batch(count, bad)])
        except PoisonedError:
            return number
    return None


@pytest.mark.parametrize(
    ("batches", "at"),
    [
        ([(99, 99)], None),
        ([(99, 99), (1, 0)], 1),
        ([(100, 50)], 0),
        ([(100, 49)], None),
        ([(10_000, 0), (50, 50), (49, 49)], None),
        ([(10_000, 0), (50, 50), (50, 0)], 2),
        ([(10_000, 0), (60, 25), (60, 25), (60, 40), (60, 50)], 3),
        ([(100, 0)] * 50 + [(100, 100)], 50),
    ],
)
def test_the_latest_messages_decide_not_the_many_good_ones_of_long_ago(
    batches: list[tuple[int, int]], at: int | None
) -> None:
    assert stops(batches) == at


def test_a_ratio_of_one_stops_only_if_nothing_can_be_read() -> None:
    assert stops([(100, 99)] * 20, ratio=1) is None
    assert stops([(100, 100)], ratio=1) == 0
