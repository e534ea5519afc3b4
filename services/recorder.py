"""The recorder: reads the partitions that are its own and makes everything in them evidence.

    assigned ─▶ resume ─▶ read, decode ─▶ pipeline ─▶ rows ─▶ others told ─▶ range rows ─▶ offset hint
                      the next but one │ the next  │ a batch

While one batch is written the next is judged and the one after is read and decoded; there are never more than these
three, and what the log hands out at once. On revoke it finishes what was begun to be judged, then lets go. It knows
nothing of Kafka: see `services.log`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from schemas.errors import LogAwayError, StoreAwayError
from services.log import Log, Partition
from services.observer import Observer
from services.poison import PoisonWatch
from services.read_ahead import BatchBounds, ReadAhead
from services.recording import LONGEST_WAIT, Prepared, Recording
from services.resuming import last_range, positions
from streams.batch import Decoded, RawBatch
from streams.decode import decode_all

IDLE_SECONDS: Final = 0.2
"""How long it waits for messages at most before it looks around: for new partitions, errors, and the wish to stop."""

AGAIN_SECONDS: Final = 1.0
"""How long it waits before it asks a log again that did not answer."""

LAG_SECONDS: Final = 1.0
"""How often it tells how far behind it is, whatever it waits for: a store that is away is what the lag is there for."""


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """How much a recorder takes at a time, and how long it waits.

    Attributes:
        batch_rows: a batch ends with the message that reaches one of these three.
        batch_bytes: of values.
        batch_ms: since its first message was read.
        dead_letter_stop_messages: the share of dead letters is taken over so many messages at least.
        dead_letter_stop_ratio: the share that stops the recorder.
        drain_seconds: how long it may finish what was begun when partitions are taken away.
        grace_seconds: the same when it is told to stop.
        review_seconds: between two looks for identities that were used again; see `services.reviewer`.
    """

    batch_rows: int = 30_000
    batch_bytes: int = 16 << 20
    batch_ms: int = 500
    dead_letter_stop_messages: int = 1_000
    dead_letter_stop_ratio: float = 0.5
    drain_seconds: float = 30.0
    grace_seconds: float = 25.0
    review_seconds: float = 60.0


class Recorder:
    """Records a log until it is told to stop.

    Args:
        log: what is read.
        recording: makes evidence of it.
        settings: sizes and times.
        observer: is told what happens.
        checkpoint: is called with the name of each point between two steps (see `Recording`; here ``read``,
            ``prepared`` and ``committed``); tests end the process there.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        log: Log,
        recording: Recording,
        settings: RecorderSettings | None = None,
        *,
        observer: Observer | None = None,
        checkpoint: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings or RecorderSettings()
        self._log = log
        self._recording = recording
        self._observer = observer or Observer()
        self._checkpoint = checkpoint
        bounds = BatchBounds(self._settings.batch_rows, self._settings.batch_bytes, self._settings.batch_ms / 1000)
        self._ahead = ReadAhead(bounds, monotonic)
        self._poison = PoisonWatch(self._settings.dead_letter_stop_messages, self._settings.dead_letter_stop_ratio)
        self._new: set[Partition] = set()  # assigned, and not resumed yet
        self._next: dict[Partition, int] = {}  # resumed: the first offset that is in no batch yet
        self._counting: dict[Partition, int] = {}  # resumed: the first offset that does not count yet
        self._epoch = 0  # rises with each revocation that is over; what belongs to an earlier one is not ours any more
        self._begun = 0  # batches between being judged and counting
        self._nothing_begun = asyncio.Event()
        self._nothing_begun.set()
        self._judging: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        # Decoding holds the interpreter, what comes after hardly does: the two go side by side (ADR 0007).
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="decode")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pipeline")

    @property
    def partitions(self) -> Collection[Partition]:
        """The partitions that are being read."""
        return tuple(self._next)

    def stop(self) -> None:
        """Ask to stop: what was begun is finished within the grace period, then `run` returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Record until `stop` is called.

        Raises:
            EvidenceError: the log is not the one that was recorded before.
            PoisonedError: too much of it cannot be read.
            LogError: the log does not let us in.
            StoreError: the store refuses for good.
        """
        if not await self._start():
            return
        work = asyncio.create_task(self._work())
        stopping = asyncio.create_task(self._stopping.wait())
        telling = asyncio.create_task(self._keep_telling())
        try:
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({work}, timeout=self._settings.grace_seconds)
            if work.done():
                work.result()
            else:
                self._observer.warned("the grace period is over; what was begun will be read again")
        finally:
            await self._end(work, stopping, telling)

    async def _start(self) -> bool:
        """Connect to the log, however long that takes; return False if it is told to stop before."""
        wait = AGAIN_SECONDS
        while not self._stopping.is_set():
            try:
                await self._log.start(self)
            except LogAwayError as error:
                self._observer.retried("start", error, wait)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), wait)
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                return True
        return False

    # The log's side

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Take partitions over; they are resumed in the main loop, where the log may be asked."""
        self._new = set(partitions)
        self._observer.assigned(sorted(partitions))

    async def revoked(self) -> None:
        """Finish what was begun, then let go; what was only read is read again by whoever comes next."""
        self._new.clear()
        self._next.clear()
        self._counting.clear()
        self._ahead.clear()
        try:
            await asyncio.wait_for(self._nothing_begun.wait(), self._settings.drain_seconds)
        except TimeoutError:
            self._observer.warned("partitions were taken away before what was begun could be finished")
        self._epoch += 1
        self._observer.assigned(())

    # The main loop

    async def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                await self._resume()
                batches = await self._read()
                if batches:
                    await self._hand_over(batches)
                    del batches  # they would stay while the next are read
                else:
                    if self._judging and self._judging.done():
                        await self._judged()
                    if self._writing and self._writing.done():
                        await self._written()
        except Exception:  # a defect too: that it comes with each start must not keep what came before from counting
            await self._settle()
            raise
        await self._judged()
        await self._written()

    async def _resume(self) -> None:
        """Find out where new partitions go on, and read them from there."""
        if not self._new:
            return
        epoch, new = self._epoch, sorted(self._new)
        keys = self._recording.context().keys
        try:
            ends = {one: await self._recording.in_store_thread(last_range, self._recording.store, one) for one in new}
            found = await positions(self._log, ends, keys)
        except (StoreAwayError, LogAwayError) as error:
            self._observer.retried("resume", error, AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)
            return
        if epoch != self._epoch or not self._new:
            return
        for partition in new:
            self._log.go_on(partition, found[partition])
            self._observer.resumed(partition, found[partition])
        self._next.update(found)
        self._counting.update(found)
        self._tell_lag()
        self._new.difference_update(new)

    async def _read(self) -> list[RawBatch]:
        """Return the next batch; nothing if nothing came for a while, or partitions were taken away."""
        if not self._next:
            await asyncio.sleep(IDLE_SECONDS / 10)
            return []
        epoch = self._epoch
        with self._observer.timed("read"):
            while patience := self._ahead.patience:
                seconds = min(patience, IDLE_SECONDS)
                polled = await self._log.poll(list(self._next), seconds=seconds, rows=self._ahead.room)
                if epoch != self._epoch or not self._next:
                    return []
                self._ahead.add(polled)
                if self._stopping.is_set() or self._new or not (polled or self._ahead.rows):
                    return []
        batches = self._ahead.take(self._next)
        self._next.update(_behind(batches))
        return batches

    async def _hand_over(self, batches: Sequence[RawBatch]) -> None:
        """Decode batches, and begin to judge them once those before are judged.

        What is taken away meanwhile others will read.
        """
        epoch, behind = self._epoch, _behind(batches)
        decoded, _ = await asyncio.gather(self._decode(batches), self._judged())
        ours = epoch == self._epoch and all(self._next.get(one) == offset for one, offset in behind.items())
        if ours and not self._stopping.is_set():
            self._judging = asyncio.create_task(self._judge(batches, decoded, behind, epoch))
            await asyncio.sleep(0)  # it has begun: from here on a revocation waits for it

    async def _decode(self, batches: Sequence[RawBatch]) -> list[Decoded]:
        """Decode batches while the ones before are still being judged."""
        with self._observer.timed("decode"):
            return await asyncio.get_running_loop().run_in_executor(self._decoder, decode_all, batches)

    async def _judge(
        self, batches: Sequence[RawBatch], decoded: Sequence[Decoded], behind: Mapping[Partition, int], epoch: int
    ) -> None:
        """Judge batches while the ones before are still being written, then begin to write these."""
        with self._begin():
            self._checkpoint("read")
            with self._observer.timed("pipeline"):
                prepare = self._recording.prepare
                prepared = await asyncio.get_running_loop().run_in_executor(self._thread, prepare, batches, decoded)
            del batches, decoded  # tens of megabytes, for which nobody has a use while it waits
            self._checkpoint("prepared")
            await self._written()
            if epoch == self._epoch:
                self._writing = asyncio.create_task(self._write(prepared, behind, epoch))
                await asyncio.sleep(0)  # it has begun before this has ended: a revocation waits for one of them

    async def _write(self, prepared: Sequence[Prepared], behind: Mapping[Partition, int], epoch: int) -> None:
        """Make batches count, and leave the log a hint."""
        with self._begin():
            if not await self._is_still_the_log(epoch):
                return
            if not await self._recording.commit(prepared, wanted=lambda: epoch == self._epoch):
                return
            with self._observer.timed("commit"):
                await self._log.commit(behind)
            self._checkpoint("committed")
            self._count(behind)
            self._tell(prepared)
            self._poison.add(prepared)

    async def _is_still_the_log(self, epoch: int) -> bool:
        """Return whether a batch came from the log that was resumed; False once it is not ours any more.

        Raises:
            EvidenceError: it did not.
        """
        while epoch == self._epoch:
            try:
                await self._log.check()
            except LogAwayError as error:
                self._observer.retried("check", error, AGAIN_SECONDS)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return True
        return False

    # Both stay where they are when they have ended: whoever waits sees an error, and nothing goes on behind it.

    async def _judged(self) -> None:
        """Wait until the batch before is judged, and the one before that written; their errors are ours."""
        if self._judging is not None:
            await self._judging

    async def _written(self) -> None:
        """Wait until the batch before is written; its error is ours."""
        if self._writing is not None:
            await self._writing

    async def _settle(self) -> None:
        """Let what was read before be recorded, whatever is wrong with what came after."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.grace_seconds):
                if self._judging is not None:
                    await asyncio.wait({self._judging})
                if self._writing is not None:
                    await asyncio.wait({self._writing})

    def _tell(self, prepared: Sequence[Prepared]) -> None:
        self._observer.recorded(prepared)
        self._tell_lag()

    def _count(self, behind: Mapping[Partition, int]) -> None:
        """Take note that batches count, of the partitions that are still ours."""
        for partition, offset in behind.items():
            if partition in self._counting:
                self._counting[partition] = max(self._counting[partition], offset)

    async def _keep_telling(self) -> None:
        """Tell how far behind it is, until cancelled: the main loop may wait for the store for hours."""
        while True:
            await asyncio.sleep(LAG_SECONDS)
            self._tell_lag()

    def _tell_lag(self) -> None:
        for partition, offset in self._counting.items():
            lag = self._log.lag(partition, offset)
            if lag is not None:
                self._observer.lag(partition, lag)

    @contextmanager
    def _begin(self) -> Iterator[None]:
        """Hold a revocation up while something is between reading and counting."""
        self._begun += 1
        self._nothing_begun.clear()
        try:
            yield
        finally:
            self._begun -= 1
            if not self._begun:
                self._nothing_begun.set()

    async def _end(self, *tasks: asyncio.Task[Any]) -> None:
        """Leave the log and let everything go."""
        self._epoch += 1
        everything = [task for task in (*tasks, self._judging, self._writing) if task is not None]
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)
        await self._log.stop()
        for thread in (self._decoder, self._thread):
            thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._recording.close)


def _behind(batches: Sequence[RawBatch]) -> dict[Partition, int]:
    """Return the offset behind each partition's batch."""
    return {Partition(one.source, one.partition, one.format): one.last + 1 for one in batches}
