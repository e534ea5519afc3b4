"""Poison: when so much of what is read cannot be read that a recorder had better stop and say so."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from schemas.errors import Place, PoisonedError
from services.recording import Prepared

_TODO: Final = (
    "see `ashiato deadletters list` for the reasons, mend sender or format and start again; what was read is recorded. "
    "The limit is recorder.dead_letter_stop"
)


class PoisonWatch:
    """Watches the share of messages that became dead letters, over the latest ones.

    Args:
        messages: over how many messages, at least, the share is taken; fewer never stop.
        ratio: the share that stops.
    """

    def __init__(self, messages: int, ratio: float) -> None:
        self._messages = messages
        self._ratio = ratio
        self._seen: deque[tuple[int, int]] = deque()
        self._total = 0
        self._bad = 0

    def add(self, prepared: Sequence[Prepared]) -> None:
        """Look at batches that are recorded.

        Raises:
            PoisonedError: the share is reached.
        """
        for one in prepared:
            bad = one.recorded.dead_letters["position.offset"].n_unique()
            self._seen.append((one.range.messages, bad))
            self._total += one.range.messages
            self._bad += bad
        while self._seen and self._total - self._seen[0][0] >= self._messages:
            total, bad = self._seen.popleft()
            self._total -= total
            self._bad -= bad
        if self._total >= self._messages and self._bad >= self._ratio * self._total:
            last = prepared[-1].range
            raise PoisonedError(
                "too much cannot be read", where=Place(f"{last.source}|{last.partition}", position=last.last),
                why=f"{self._bad:,} of the last {self._total:,} messages became dead letters", todo=_TODO,
            )  # fmt: skip
