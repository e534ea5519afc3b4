"""Tests that take long come early and far from each other: each worker has its share of them, and none is left for last.

Otherwise the order stays random. Long are those that wait for a broker, and those that have a time-out of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, TypeVar

import pytest

BROKERS: Final = {"kafka", "broker"}
T = TypeVar("T")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread long tests over the first two thirds of a run; pytest-randomly has shuffled all of them before."""
    items[:] = spread(items, _is_long)


def _is_long(item: pytest.Item) -> bool:
    names: Sequence[str] = getattr(item, "fixturenames", ())
    return item.get_closest_marker("timeout") is not None or not BROKERS.isdisjoint(names)


def spread(items: Sequence[T], is_long: Callable[[T], bool]) -> list[T]:
    """Return the items with the long ones spread over the first two thirds; both kinds keep their order."""
    long = [one for one in items if is_long(one)]
    short = (one for one in items if not is_long(one))
    between = 2 * len(items) // (3 * len(long)) - 1 if long else 0
    found: list[T] = []
    for one in long:
        found.append(one)
        found += islice(short, max(0, between))
    return found + list(short)
