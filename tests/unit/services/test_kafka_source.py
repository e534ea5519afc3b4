"""Which partitions are not asked for while others are behind."""

from hypothesis import given
from hypothesis import strategies as st

from services.kafka_source import may_rest

LEFT = st.dictionaries(st.integers(0, 20), st.integers(-5, 50), max_size=12)


def test_who_has_nothing_left_rests_while_others_are_behind() -> None:
    assert may_rest({"busy": 101, "idle": 0}, 100) == {"idle"}


def test_a_log_that_ends_before_our_position_is_asked_for_so_that_this_is_told() -> None:
    assert may_rest({"busy": 101, "idle": 0, "cut off": -3}, 100) == {"idle"}


def test_nobody_rests_unless_much_is_left() -> None:
    assert may_rest({"busy": 60, "too": 40, "idle": 0}, 100) == set()
    assert may_rest({}, 0) == set()


def test_what_was_read_since_takes_nothing_off_what_others_have_left() -> None:
    assert may_rest({"busy": 101, "idle": 0, "read since": -50}, 100) == {"idle"}


@given(left=LEFT, above=st.integers(0, 100))
def test_whoever_has_messages_is_asked_for(left: dict[int, int], above: int) -> None:
    rest = may_rest(left, above)
    assert all(left[one] == 0 for one in rest)
    assert not rest or left.keys() - rest, "somebody is always asked for"
