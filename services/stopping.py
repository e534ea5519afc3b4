"""A stop in good order: SIGTERM or SIGINT is told to all who have something to finish; a second one is an order.

Whatever hangs then, such as a store that does not answer: the process ends when its time is over (`Stopping.at_most`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NoReturn

LEAVE_SECONDS: Final = 3.0
"""What a process takes at most beyond the grace period of its parts, and after it was told twice."""

_log = logging.getLogger("ashiato.process")


class Stopping:
    """Passes on the wish that the process end (SIGTERM, SIGINT), or look at its files again (SIGHUP).

    Whoever works registers what has to be called; each of them has a grace period of its own.

    Args:
        leave: ends the process at once.
    """

    def __init__(self, leave: Callable[[], None] | None = None) -> None:
        self._leave = leave or _leave
        self._seconds: float | None = None
        self._clock: threading.Timer | None = None
        self._tell: list[Callable[[], None]] = []
        self._look: list[Callable[[], None]] = []
        self._main: asyncio.Task[Any] | None = None
        self.told = False

    def when(self, call: Callable[[], None]) -> None:
        """Call this when the process is told to stop; at once if it has been already."""
        self._tell.append(call)
        if self.told:
            call()

    def at_hangup(self, call: Callable[[], None]) -> None:
        """Call this at each SIGHUP."""
        self._look.append(call)

    def listen(self) -> None:
        """Take signals from now on; called in the loop and the task that is cancelled by a second one."""
        self._main = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # on Windows the process just ends, which loses nothing
                loop.add_signal_handler(number, self._signalled, number)
        with suppress(NotImplementedError, AttributeError):  # there it is not known either
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)

    def stop(self) -> None:
        """Tell everybody, once."""
        if not self.told:
            self.told = True
            self._end_within(self._seconds)
            for call in self._tell:
                call()

    @contextmanager
    def at_most(self, grace: float) -> Iterator[None]:
        """Let the process end ``LEAVE_SECONDS`` after a grace period that began inside, whatever still hangs then.

        A thread that waits for a server's answer cannot be told to stop, and Python would wait for it. To end under it
        is as safe as kill -9, which loses nothing.
        """
        self._seconds = grace + LEAVE_SECONDS
        try:
            yield
        finally:
            self._seconds = None
            self._end_within(None)

    def _end_within(self, seconds: float | None) -> None:
        """Set the clock that ends the process anew; None: it has none."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if seconds is not None:
            self._clock = threading.Timer(seconds, self._leave)
            self._clock.daemon = True
            self._clock.start()

    def _hung_up(self) -> None:
        for call in self._look:
            call()

    def _signalled(self, number: signal.Signals) -> None:
        if self.told and self._main is not None:
            _log.warning("told to stop again: what was begun is given up", extra={"signal": number.name})
            self._end_within(None if self._seconds is None else LEAVE_SECONDS)
            self._main.cancel()
            return
        _log.info("told to stop", extra={"signal": number.name})
        self.stop()


def _leave() -> NoReturn:
    """End the process without waiting for its threads."""
    _log.warning("the grace period is over, and something still hangs: ended without it; what was begun comes again")
    os._exit(1)


async def together(work: Sequence[Awaitable[None]], beside: Sequence[Awaitable[None]], stopping: Stopping) -> None:
    """Run all of ``work`` to its end; what runs ``beside`` it is cancelled then.

    When one of them fails, or a part of the work ends before its time, the others are told to stop and are waited for;
    the first error is raised.

    Args:
        work: ends when it is told to stop.
        beside: never ends by itself.
        stopping: how they are told.
    """
    working = [asyncio.ensure_future(one) for one in work]
    others = [asyncio.ensure_future(one) for one in beside]
    try:
        await asyncio.wait([*working, *others], return_when=asyncio.FIRST_COMPLETED)
        stopping.stop()
        await asyncio.wait(working)
    finally:
        for one in [*working, *others]:
            one.cancel()
        await asyncio.gather(*working, *others, return_exceptions=True)
    for one in [*working, *others]:
        if not one.cancelled() and (error := one.exception()):
            raise error
