"""Several observers as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from schemas.errors import AshiatoError
from services.observer import Observer

if TYPE_CHECKING:
    from services.log import Partition
    from services.recording import Prepared


class Observers(Observer):
    """Passes everything on to each of several observers, in their order."""

    def __init__(self, *observers: Observer) -> None:
        self._all = observers

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Pass it on."""
        for one in self._all:
            one.assigned(partitions)

    def resumed(self, partition: Partition, offset: int) -> None:
        """Pass it on."""
        for one in self._all:
            one.resumed(partition, offset)

    def recorded(self, prepared: Sequence[Prepared]) -> None:
        """Pass it on."""
        for one in self._all:
            one.recorded(prepared)

    def reviewed(self, prepared: Prepared) -> None:
        """Pass it on."""
        for one in self._all:
            one.reviewed(prepared)

    def lag(self, partition: Partition, messages: int) -> None:
        """Pass it on."""
        for one in self._all:
            one.lag(partition, messages)

    def retried(self, stage: str, error: AshiatoError, wait: float) -> None:
        """Pass it on."""
        for one in self._all:
            one.retried(stage, error, wait)

    def warned(self, text: str) -> None:
        """Pass it on."""
        for one in self._all:
            one.warned(text)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Let each of them measure."""
        with ExitStack() as stack:
            for one in self._all:
                stack.enter_context(one.timed(stage))
            yield
