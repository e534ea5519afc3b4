"""A stop in good order: SIGTERM or SIGINT is told to all who have something to finish; a second one is an order."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

_log = logging.getLogger("ashiato.process")


class Stopping:
    """Passes on the wish that the process end (SIGTERM, SIGINT), or look at its files again (SIGHUP).

    Whoever works registers what has to be called; each of them has a grace period of its own.
    """

    def __init__(self) -> None:
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
            for call in self._tell:
                call()

    def _hung_up(self) -> None:
        for call in self._look:
            call()

    def _signalled(self, number: signal.Signals) -> None:
        if self.told and self._main is not None:
            _log.warning("told to stop again: what was begun is given up", extra={"signal": number.name})
            self._main.cancel()
            return
        _log.info("told to stop", extra={"signal": number.name})
        self.stop()


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
