"""What the gateway hands on, and to whom: a sink is the durable log in front of the recorder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from schemas.errors import AshiatoError

RETRY_SECONDS: Final = 2
"""When a sender should come again, unless something better is known."""


class Message(NamedTuple):
    """One message for the log.

    Attributes:
        topic: ``audit.events``, or ``audit.raw.<format>`` for a foreign format.
        key: CloudEvents source, line feed, id: one event always lands in one partition. Empty where it is not known.
        value: the message as the recorder will read it.
        producer: name of the producer that sent it.
    """

    topic: str
    key: bytes
    value: bytes
    producer: str


class Position(NamedTuple):
    """Where a message lies in the log."""

    topic: str
    partition: int
    offset: int


class SinkError(AshiatoError):
    """Messages could not be made durable now; their sender should come again after ``retry_after`` seconds.

    Some of the messages may have become durable all the same (a broker's answer that was lost, for example): the same
    event again is kept again and raises nothing again.
    """

    def __init__(self, what: str, *, why: str = "", todo: str = "", retry_after: int = RETRY_SECONDS) -> None:
        super().__init__(what, why=why, todo=todo)
        self.retry_after = retry_after


class TooLargeError(SinkError):
    """A message is larger than the log takes, today and tomorrow: to come again is of no use.

    Attributes:
        index: which of the messages.
    """

    def __init__(self, what: str, index: int, *, why: str = "", todo: str = "") -> None:
        super().__init__(what, why=why, todo=todo)
        self.index = index


class Trouble:
    """What went wrong last, for `Sink.problem`: forgotten after a success, or after a while.

    Somebody has to try again before it can be known that all is well; so trouble alone must not keep traffic away for
    ever.
    """

    LASTS: Final = 10.0  # seconds

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._text = ""
        self._until = 0.0

    def says(self, text: str) -> None:
        """Note what went wrong."""
        self._text, self._until = text, self._clock() + self.LASTS

    def over(self) -> None:
        """Note that it works."""
        self._text = ""

    def text(self) -> str:
        """Return what went wrong lately; empty if nothing did."""
        return self._text if self._clock() < self._until else ""


class Sink(Protocol):
    """A durable log."""

    async def start(self) -> None:
        """Make ready; called once, in the loop that `append` is called in."""

    async def close(self) -> None:
        """Finish what was begun, then let go."""

    async def append(self, messages: Sequence[Message]) -> list[Position]:
        """Return the positions of the messages once all of them are durable.

        Cancelling the call may, but need not, take back what is not durable yet.

        Raises:
            TooLargeError: they are not, or not all, because the log never takes one of them.
            SinkError: they are not, or not all, or that is not known.
        """

    def problem(self) -> str:
        """Return why the log takes nothing at present, for ``/readyz``; empty if it does."""
