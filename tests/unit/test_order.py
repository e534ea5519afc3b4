"""Long tests come early and far from each other; nothing is lost, and the random order is kept."""

import pytest

from tests.support.order import spread


def _is_long(number: int) -> bool:
    return number < 0


def test_long_ones_are_spread_over_the_first_two_thirds() -> None:
    items = [*range(27), -1, -2, -3]
    assert [i for i, one in enumerate(spread(items, _is_long)) if _is_long(one)] == [0, 6, 12]


@pytest.mark.parametrize("items", [[], [1, 2], [-1], [-1, -2], [1, -1, 2, -2], [-2, 3, -1, *range(50), -9]])
def test_all_are_there_and_each_kind_keeps_its_order(items: list[int]) -> None:
    found = spread(items, _is_long)
    assert sorted(found) == sorted(items)
    for kind in (True, False):
        assert [one for one in found if _is_long(one) is kind] == [one for one in items if _is_long(one) is kind]
