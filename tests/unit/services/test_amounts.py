"""One is one event, not one events."""

import pytest

from services.amounts import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (24_000, "24,000 events")]
)
def test_one_of_something_is_not_several(number: int, told: str) -> None:
    assert counted(number, "event") == told


def test_a_plural_may_be_given() -> None:
    assert [counted(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
