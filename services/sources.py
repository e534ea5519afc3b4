"""Files and standard input as sources of messages, in batches of bounded size.

A source's name is ``file:<its file name>#<hash of its first message>``: the same file moved to another folder is the
same source, and a file replaced by another is another source. What is told apart by the beginning only would take a
replaced file with the same beginning for the old one; `streams.resume.Recorded` finds that out.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from schemas.errors import SourceError
from services.byte_stream import STDIN_NAME, joined, place_of, text_chunks
from services.element_reader import ElementReader
from services.layouts import is_object, layout_of
from services.line_reader import LineReader
from services.messages import Run
from streams.adapt import NATIVE, adapter_of, detect
from streams.batch import Oversize, RawBatch
from streams.ranges import bare_sha256

_LOOKED_AT: Final = 16  # messages, when the first ones are no JSON


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A batch ends with the message that reaches one of these."""

    rows: int = 8_192
    bytes: int = 16 << 20


DEFAULT_LIMITS: Final = BatchLimits()


def open_source(path: Path | str, *, format: str | None = None) -> FileSource:  # noqa: A002  (the option's name)
    """Open a file, or standard input for ``-``.

    Args:
        path: the file, plain, gzip or zstd.
        format: name of its log format (`streams.adapt.FORMATS`); None finds out by its first message.

    Raises:
        SourceError: the file cannot be opened, is a directory, or is of a kind that is not read.
        UsageError: there is no such format.
    """
    if format not in {None, NATIVE}:
        adapter_of(str(format))
    return FileSource(None if str(path) == "-" else Path(path), format)


class FileSource:
    """A file of messages, read forward; an ordinary file can be read again from any offset.

    Attributes:
        name: name of the source, see the module.
        format: name of the log format.
    """

    def __init__(self, path: Path | None, format: str | None) -> None:  # noqa: A002
        self._path = path
        self._again = path is not None and path.is_file()
        self._open()
        self._peek(format)
        self.name = f"file:{_file_name(path)}#{_beginning(self._peeked)}"
        self.format = format or _format_of(self._peeked)

    @property
    def waiting(self) -> int:
        """Bytes at the end that wait for their rest; known once everything has been read."""
        return self._reader.waiting

    def read(self, after: int | None = None, limits: BatchLimits = DEFAULT_LIMITS) -> Iterator[RawBatch]:
        """Yield the messages behind offset ``after`` (None: all) in batches.

        Offsets are line indexes, or element indexes in a file that is one array. The batches account for every offset
        without a gap, blank lines included.

        Raises:
            SourceError: the file is damaged or can no longer be read, once everything before has been yielded; or
                standard input is behind ``after`` already.
        """
        begin = 0 if after is None else after + 1
        self._go_to(begin)
        yield from self._batches(begin, limits)

    def close(self) -> None:
        """Close the file."""
        self._chunks.close()  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        # Opened once: a named pipe gives what it holds to the first who opens it.
        self._chunks = text_chunks(self._path)
        head, layout = layout_of(self._chunks)
        chunks = joined(head, self._chunks)
        self._reader: LineReader | ElementReader = (
            LineReader(chunks) if layout is None else ElementReader(chunks, layout)
        )
        self._runs = iter(self._reader)
        self._peeked: deque[Run] = deque()
        self._next = 0  # the first offset that no batch has accounted for
        self._error: SourceError | None = None

    def _peek(self, format: str | None) -> None:  # noqa: A002
        """Look at the first messages, as far as it takes to tell name and format."""
        seen = 0
        while seen < _LOOKED_AT and (run := self._pull()) is not None:
            self._peeked.append(run)
            seen += len(run.messages)
            if run.messages and (format is not None or any(map(is_object, run.messages[:_LOOKED_AT]))):
                return

    def _pull(self) -> Run | None:
        """Return the next messages; None at the end, and where the file can be read no further."""
        try:
            return next(self._runs, None)
        except SourceError as error:
            self._error = error
            return None

    def _go_to(self, offset: int) -> None:
        if offset >= self._next:
            return
        if not self._again:
            raise SourceError(
                "the source cannot be read again from the beginning",
                where=place_of(self._path),
                why=f"it is a stream, read up to position {self._next - 1:,}",
                todo="save it to a file and read that",
            )
        self.close()
        self._open()

    def _batches(self, first: int, limits: BatchLimits) -> Iterator[RawBatch]:
        """Yield batches that account for ``first`` to the end; skip what lies before."""
        batch, size, rows = self._empty(first), 0, 0
        while (run := self._following(first, limits.rows - rows)) is not None:
            size += _append(batch, run)
            rows += len(run.messages)
            if rows >= limits.rows or size >= limits.bytes:
                self._next = run.offsets[-1] + 1
                yield replace(batch, last=self._next - 1)
                batch, size, rows = self._empty(self._next), 0, 0
        if self._reader.end > batch.first:
            self._next = self._reader.end
            yield replace(batch, last=self._next - 1)
        if self._error is not None:
            raise self._error

    def _following(self, first: int, room: int) -> Run | None:
        """Return the next messages from ``first`` on, ``room`` at most; keep the others for later."""
        while (run := self._peeked.popleft() if self._peeked else self._pull()) is not None:
            _, run = run.split(bisect_left(run.offsets, first))
            if not run.messages:
                continue
            now, later = run.split(room)
            if later.messages:
                self._peeked.appendleft(later)
            return now
        return None

    def _empty(self, first: int) -> RawBatch:
        return RawBatch(self.name, 0, self.format, [], [], first, first, [], [])


def _append(batch: RawBatch, run: Run) -> int:
    """Add messages to a batch; return their size in memory."""
    size = 0
    for offset, line, message in zip(*run, strict=True):
        if isinstance(message, Oversize):
            batch.oversize.append(message)
            size += len(message.head)
        else:
            batch.offsets.append(offset)
            batch.messages.append(message)
            batch.lines.append(line)  # type: ignore[union-attr]
            size += len(message)
    return size


def _format_of(peeked: Iterable[Run]) -> str:
    """Return the format of the first message that is a JSON object."""
    first = (message for run in peeked for message in run.messages[:_LOOKED_AT] if is_object(message))
    return detect(next(first, b""))  # type: ignore[arg-type]


def _beginning(peeked: Iterable[Run]) -> str:
    """Return 12 hexadecimal digits of the SHA-256 of the first message (`streams.ranges.bare`), or ``empty``."""
    first = next((message for run in peeked for message in run.messages), None)
    return "empty" if first is None else bare_sha256(first).hex()[:12]


def _file_name(path: Path | None) -> str:
    """Return the file's name as UTF-8 text; bytes that are none are written in hexadecimal."""
    return STDIN_NAME if path is None else os.fsencode(path.name).decode("utf-8", "backslashreplace")
