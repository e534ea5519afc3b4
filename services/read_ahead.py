"""Read ahead: what has been read of a log and is in no batch yet: a batch and one answer of the log at most."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from services.log import Partition, Run
from streams.batch import RawBatch


@dataclass(frozen=True, slots=True)
class BatchBounds:
    """A batch ends with the message that reaches one of these.

    Attributes:
        rows: messages.
        bytes: of their values.
        seconds: since its first message was read.
    """

    rows: int
    bytes: int
    seconds: float


class ReadAhead:
    """Messages in the order that they were read, by partition.

    Args:
        bounds: of a batch.
        monotonic: seconds that never go back.
    """

    def __init__(self, bounds: BatchBounds, monotonic: Callable[[], float]) -> None:
        self._bounds = bounds
        self._monotonic = monotonic
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._runs: dict[Partition, Run] = {}
        self._sizes: dict[Partition, int] = {}  # bytes of each run
        self._began = 0.0
        self.rows = 0

    def add(self, polled: Mapping[Partition, Run]) -> None:
        """Take messages in."""
        for partition, run in polled.items():
            if not run.offsets:
                continue
            if not self.rows:
                self._began = self._monotonic()
            into = self._runs.setdefault(partition, Run())
            into.offsets.extend(run.offsets)
            into.values.extend(run.values)
            self._sizes[partition] = self._sizes.get(partition, 0) + _bytes(run.values)
            self.rows += len(run.offsets)

    @property
    def bytes(self) -> int:
        """How much the messages are."""
        return sum(self._sizes.values())

    @property
    def room(self) -> int:
        """How many messages the batch still takes."""
        return max(self._bounds.rows - self.rows, 0)

    @property
    def patience(self) -> float:
        """Seconds until the batch has to go; 0 if it is full."""
        if self.rows >= self._bounds.rows or self.bytes >= self._bounds.bytes:
            return 0.0
        if not self.rows:
            return self._bounds.seconds
        return max(self._began + self._bounds.seconds - self._monotonic(), 0.0)

    def take(self, next_offsets: Mapping[Partition, int]) -> list[RawBatch]:
        """Return the next batch, in one piece per partition; what is beyond its bounds stays for the one after.

        Args:
            next_offsets: the first offset that each piece has to account for.
        """
        pieces: list[RawBatch] = []
        rows, size = self._bounds.rows, self._bounds.bytes
        for partition in list(self._runs):
            if rows <= 0 or size <= 0:
                break
            now, taken = self._runs.pop(partition), self._sizes.pop(partition)
            if len(now) > rows or taken >= size:
                whole = taken
                now, later = _split(now, rows, size)
                taken = _bytes(now.values)
                if later.offsets:
                    self._runs = {partition: later, **self._runs}  # it goes on before the others
                    self._sizes[partition] = whole - taken
            pieces.append(_piece(partition, now, next_offsets[partition]))
            rows, size = rows - len(now), size - taken
            self.rows -= len(now)
        return pieces


def _split(run: Run, rows: int, size: int) -> tuple[Run, Run]:
    """Return the beginning of a run that ends with the message that reaches ``rows`` or ``size``, and the rest."""
    fits = min(len(run), rows)
    if _bytes(run.values[:fits]) >= size:
        fits = bisect_left(list(accumulate(len(value or b"") for value in run.values)), size) + 1
    return Run(run.offsets[:fits], run.values[:fits]), Run(run.offsets[fits:], run.values[fits:])


def _bytes(values: Sequence[bytes | None]) -> int:
    return sum(map(len, filter(None, values)))


def _piece(partition: Partition, run: Run, first: int) -> RawBatch:
    """Return messages as a batch; it accounts for the gap before them too."""
    tombstones: frozenset[int] = frozenset()
    messages = run.values
    if None in messages:
        tombstones = frozenset(offset for offset, value in zip(run.offsets, run.values, strict=True) if value is None)
        messages = [value or b"" for value in run.values]
    return RawBatch(
        partition.source, partition.number, partition.format, run.offsets, messages,  # type: ignore[arg-type]
        first=first, last=run.offsets[-1], tombstones=tombstones,
    )  # fmt: skip
