"""What is read comes out in batches within bounds, complete and in order."""

from hypothesis import given
from hypothesis import strategies as st

from services.log import Run
from services.read_ahead import BatchBounds, ReadAhead
from tests.support.memory_log import partition

P0, P1 = partition(0), partition(1)
VALUES = st.lists(st.none() | st.binary(max_size=12), max_size=25)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@given(VALUES, VALUES, st.integers(1, 9), st.integers(1, 30))
def test_batches_hold_everything_in_order_and_end_with_the_message_that_reaches_a_bound(
    first: list[bytes | None], second: list[bytes | None], rows: int, size: int
) -> None:
    ahead = ReadAhead(BatchBounds(rows, size, 1.0), Clock())
    values = {P0: first, P1: second}
    ahead.add({one: Run([i * 2 for i in range(len(run))], run) for one, run in values.items()})
    after = {P0: 0, P1: 0}
    seen: dict[object, list[bytes | None]] = {P0: [], P1: []}
    while ahead.rows:
        pieces = ahead.take(after)
        assert pieces
        sizes = [len(message) for piece in pieces for message in piece.messages]
        assert 1 <= len(sizes) <= rows
        assert sum(sizes[:-1]) < size
        for piece in pieces:
            at = partition(piece.partition)
            assert piece.first == after[at]
            assert piece.last == piece.offsets[-1]
            after[at] = piece.last + 1
            nulls = [i in piece.tombstones for i in piece.offsets]
            seen[at] += [None if null else m for null, m in zip(nulls, piece.messages, strict=True)]

    assert seen == values
    assert ahead.bytes == 0


def test_a_batch_has_to_go_when_it_is_full_or_its_time_is_over() -> None:
    clock = Clock()
    ahead = ReadAhead(BatchBounds(rows=3, bytes=100, seconds=0.5), clock)
    assert ahead.patience == 0.5
    clock.now += 60
    ahead.add({P0: Run([0], [b"x"])})
    clock.now += 0.25
    assert ahead.patience == 0.25
    assert ahead.room == 2
    clock.now += 1
    assert ahead.patience == 0

    ahead.clear()
    ahead.add({P0: Run([0, 1, 2], [b"", None, b""])})
    assert (ahead.patience, ahead.room) == (0, 0)
    ahead.clear()
    ahead.add({P0: Run([0], [b"x" * 100])})
    assert ahead.patience == 0
