"""Ingest: files in, evidence out. What is recorded already is checked and skipped; the rest goes the way of an event.

Two threads: while one batch is written to the store, the next is on its way. No more than these two are in memory.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from schemas.errors import AshiatoError, Place, SourceError, StoreError
from schemas.records import Range
from services.identity_review import review_identities
from services.recording import messages_in, range_of
from services.sources import BatchLimits, FileSource, open_source
from services.store import Store
from streams.batch import RawBatch, Recorded
from streams.pipeline import Context, run
from streams.resume import Recorded as AlreadyRecorded
from streams.resume import generations, next_generation

LONG_AGO: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
TOO_SOON: Final = dt.timedelta(hours=24)
"""An event that says it happened before LONG_AGO or more than TOO_SOON after now is kept as it is, and remarked on."""


@dataclass(slots=True)
class FileSummary:
    """What became of one file.

    Attributes:
        path: as it was named.
        source: the name that its positions carry; empty if the file could not be opened.
        known: messages that were recorded before.
        messages: messages recorded now; events, dead letters and findings likewise.
        odd_times: events whose time is before LONG_AGO or more than TOO_SOON ahead.
        waiting: bytes of an unfinished last line, which wait for their rest.
        error: what stopped it; what was read before that is recorded.
    """

    path: str
    source: str = ""
    format: str = ""
    known: int = 0
    messages: int = 0
    events: int = 0
    dead_letters: int = 0
    findings: int = 0
    odd_times: int = 0
    waiting: int = 0
    error: AshiatoError | None = None

    @property
    def opened(self) -> bool:
        """Whether anything was read of it; of a folder, or a file that is not there, nothing is."""
        return bool(self.source)


@dataclass(slots=True)
class Summary:
    """What became of all files of one call.

    Attributes:
        files: one entry per file, in the order of the call.
        rules: rule → findings recorded now, identity review included.
        ranges: ids of the ranges written, in order.
        seconds: how long it took.
    """

    files: list[FileSummary] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    ranges: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def total(self, what: Literal["known", "messages", "events", "dead_letters", "odd_times"]) -> int:
        """Return the sum over all files."""
        return sum(getattr(one, what) for one in self.files)

    @property
    def findings(self) -> int:
        """All findings recorded now."""
        return self.rules.total()


class Ingest:
    """Records files into a store.

    Args:
        store: an open store.
        context: what events are judged with.
        now: the clock, UTC.
        new_id: names a range; unique, and rising with time, so that of two attempts the earlier one counts.
        limits: size of a batch; records do not depend on it.
        progress: called after each batch with the file's summary so far.
    """

    def __init__(
        self,
        store: Store,
        context: Context,
        *,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], str],
        limits: BatchLimits | None = None,
        progress: Callable[[FileSummary], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._context = context
        self._now = now
        self._new_id = new_id
        self._limits = limits or BatchLimits()
        self._progress = progress

    def files(self, paths: Sequence[Path], *, form: str | None = None, as_new: bool = False) -> Summary:
        """Record files, one after the other. A file that cannot be read does not keep the others from being recorded.

        Args:
            paths: files, or ``-`` for standard input.
            form: name of the adapter; None: found out from the first message.
            as_new: record a file as another one even if one with the same beginning is recorded already.

        Raises:
            StoreError: the store cannot be written; what was written is whole, and the same call goes on from there.
        """
        started = time.monotonic()
        summary = Summary()
        for path in paths:
            one = FileSummary(str(path))
            summary.files.append(one)
            try:
                with _Writer(self._store) as writer:
                    for batch in self._new_batches(path, one, form=form, as_new=as_new):
                        self._record(batch, one, summary, writer)
            except StoreError:
                raise
            except AshiatoError as error:
                one.error = error
        summary.rules.update(review_identities(self._store, self._context, now=self._now, new_id=self._new_id))
        summary.seconds = time.monotonic() - started
        return summary

    def _new_batches(self, path: Path, one: FileSummary, *, form: str | None, as_new: bool) -> Iterator[RawBatch]:
        """Yield what is not recorded yet of a file, under the name of the generation that it goes on."""
        source = self._open(path, form)
        one.format = source.format
        sources = self._store.sources()
        names = generations(source.name, sources)
        goes_on = names and not as_new
        name = self._generation(path, form, names) if goes_on else next_generation(source.name, sources)
        yield from self._read(source, name, one)

    def _open(self, path: Path, form: str | None) -> FileSource:
        return open_source("-" if str(path) == "-" else path, format=form)

    def _generation(self, path: Path, form: str | None, names: list[str]) -> str:
        """Return the newest generation that a file still begins with, else the oldest, whose check will say more.

        Standard input cannot be read twice: it is taken for the newest.
        """
        if str(path) == "-":
            return names[0]
        return next((name for name in names[:-1] if self._is_still(self._open(path, form), name)), names[-1])

    def _read(self, source: FileSource, name: str, one: FileSummary) -> Iterator[RawBatch]:
        """Yield the batches of a source that lie behind what is recorded under ``name``."""
        one.source = name
        recorded = AlreadyRecorded(self._store.accepted(name), self._context.keys, Place(one.path))
        for batch in source.read(None, self._limits):
            new = recorded.new(_named(batch, name))
            one.known += messages_in(batch) - (messages_in(new) if new else 0)
            if new:
                yield new
        recorded.finish()
        one.waiting = source.waiting

    def _is_still(self, source: FileSource, name: str) -> bool:
        """Return whether a source still begins with what is recorded under ``name``."""
        recorded = AlreadyRecorded(self._store.accepted(name), self._context.keys, Place(name))
        try:
            for batch in source.read(None, self._limits):
                recorded.new(batch)
                if batch.last >= recorded.end:
                    return True
            recorded.finish()
        except SourceError:
            return False
        return True

    def _record(self, batch: RawBatch, one: FileSummary, summary: Summary, writer: _Writer) -> None:
        """Send one batch on its way, hand the evidence to the writer, count."""
        recorded = run(batch, self._context)
        of = range_of(batch, recorded, self._context, name=self._new_id(), now=self._now())
        writer.write(recorded, of)
        summary.ranges.append(of.id)
        one.messages += of.messages
        one.events += of.events
        one.dead_letters += of.dead_letters
        one.findings += of.findings
        times = recorded.evidence["event.time"]
        one.odd_times += int(((times < LONG_AGO) | (times > of.recorded_at + TOO_SOON)).sum())
        summary.rules.update(dict(recorded.findings["rule"].value_counts().iter_rows()))
        self._progress(one)


class _Writer:
    """Writes batches in order in a thread of its own, at most one at a time; errors come out at the next call."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, recorded: Recorded, of: Range) -> None:
        """Wait for the batch before, then begin to write this one."""
        self._wait()
        self._pending = self._thread.submit(self._store.write, recorded, of)

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was begun, whatever else went wrong: it was read and is whole."""
        try:
            self._wait()
        finally:
            self._thread.shutdown()


def _named(batch: RawBatch, name: str) -> RawBatch:
    """Return a batch under the name of its generation."""
    return batch if batch.source == name else replace(batch, source=name)
