"""The reviewer: the identity review beside a recorder, on a timer and once more when the recorder has ended in order.

    every review_seconds, if it is ours ─▶ what has grown ─▶ findings: rows, others told, ranges ─▶ how far it came

Of several recorders the one that reads a certain partition reviews; that two do so at once, or that one is killed
anywhere, changes nothing of what counts. It has a thread and a client of its own: recording does not wait for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from schemas.errors import StoreError
from services.identity_review import done, grown, pieces
from services.observer import Observer
from services.recorder import Recorder, RecorderSettings
from services.recording import Recording

REST: Final = 10
"""It rests for so many times as long as the last review took: however large the store, a tenth of the time at most."""
SPREAD: Final = 5.0
"""Seconds over which a review beside a recorder is spread where it could be done sooner."""


class Reviewer:
    """Reviews what is recorded until it is told to stop.

    Args:
        recording: makes findings count; a reviewer's own, closed by it.
        mine: whether the review is ours to do now.
        settings: ``review_seconds`` and ``grace_seconds`` count.
        observer: is told what happens.
        checkpoint: is called with the name of each point between two steps (``grown``, ``reviewed``, and those of
            `Recording`); tests end the process there.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        recording: Recording,
        mine: Callable[[], bool],
        settings: RecorderSettings,
        *,
        observer: Observer | None = None,
        checkpoint: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recording = recording
        self._mine = mine
        self._seconds = settings.review_seconds
        self._grace = settings.grace_seconds
        self._observer = observer or Observer()
        self._checkpoint = checkpoint
        self._monotonic = monotonic
        self._stopping = asyncio.Event()
        self._was_mine = False
        self._until = 0.0

    def stop(self) -> None:
        """Ask to stop: `run` returns after what it is at, and `finish` may work until the grace period is over."""
        if not self._stopping.is_set():
            self._was_mine = self._mine()
            self._until = self._monotonic() + self._grace
            self._stopping.set()

    async def run(self) -> None:
        """Review at intervals until `stop` is called. A store that does not answer is asked again at the next one.

        Raises:
            LogError: findings cannot be told, for good.
        """
        pause = self._seconds
        spread = min(SPREAD, self._seconds / REST, self._grace / 4)  # whoever stops waits for it, and then for the last
        while not await self._stops_within(pause):
            took = await self._review(spread) if self._mine() else 0.0
            pause = max(self._seconds, REST * took)

    async def finish(self) -> None:
        """Review for the last time what a recorder that has ended leaves behind, if the review was ours at `stop`.

        Raises:
            LogError: findings cannot be told, for good.
        """
        if self._was_mine:
            await self._review(0.0)

    def give_up(self) -> None:
        """Tell that there was no time left for the last review."""
        self._observer.warned("the grace period is over; what came last is reviewed when somebody records again")

    @property
    def grace(self) -> float:
        """Seconds that are left since `stop`."""
        return max(0.0, self._until - self._monotonic())

    async def close(self) -> None:
        """Let the thread go once it has finished what it does."""
        await asyncio.to_thread(self._recording.close)

    async def _stops_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
        return self._stopping.is_set()

    async def _review(self, spread: float) -> float:
        """Review once, spread over so many seconds (0: as soon as can be); return the seconds that it took."""
        began = self._monotonic()
        try:
            with self._observer.timed("review"):
                await self._look(spread)
        except StoreError as error:  # recording says by itself that the store is away, or ends; this can wait
            self._observer.retried("review", error, self._seconds)
        return self._monotonic() - began

    async def _look(self, spread: float) -> None:
        """Look at what has grown; each piece of the findings counts before the next, the progress after all."""
        recording = self._recording
        what = await recording.in_store_thread(grown, recording.store)
        self._checkpoint("grown")
        if not what:
            return
        found = pieces(
            recording.store, recording.context(), what, now=recording.now, new_id=recording.new_id, seconds=spread
        )
        while (piece := await recording.in_store_thread(next, found, None)) is not None:
            await recording.commit([piece])
            self._observer.reviewed(piece)
        self._checkpoint("reviewed")
        await recording.in_store_thread(done, recording.store, what, recording.now())


async def record_and_review(recorder: Recorder, reviewer: Reviewer) -> None:
    """Record, and review beside it; once the recorder has ended in order, review what it left.

    Whoever tells them to stop tells both. An error of one ends the other.

    Raises:
        AshiatoError: see `Recorder.run` and `Reviewer.run`.
    """
    reviewing = asyncio.create_task(reviewer.run())
    reviewing.add_done_callback(lambda _: recorder.stop())
    try:
        await recorder.run()
        reviewer.stop()
        try:
            async with asyncio.timeout(reviewer.grace):
                await reviewing
                await reviewer.finish()
        except TimeoutError:
            reviewer.give_up()
    finally:
        reviewing.cancel()
        await asyncio.gather(reviewing, return_exceptions=True)
        await reviewer.close()
