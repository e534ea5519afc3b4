"""Newline-delimited JSON: one message a line."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Final

from schemas.events import MAX_MESSAGE_BYTES
from services.element_reader import ElementReader
from services.messages import Collected, Run, no_run
from streams.batch import Oversize

_BLANK: Final = b" \t\r"


class LineReader:
    """Yields the messages of lines; the offset of each is its line's index, from 0.

    Lines end with a line feed; a carriage return before it belongs to the line end. Blank lines have an offset and no
    message. A last line without a line feed is read if it is a whole object or list, and waits otherwise: somebody may
    still be writing it.

    Attributes:
        end: the first offset after what has been read.
        waiting: bytes of a last line that waits for its rest.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.end = 0
        self.waiting = 0

    def __iter__(self) -> Iterator[Run]:
        """Yield the messages in order, those that end in one chunk at once."""
        rest = b""
        for chunk in self._chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            yield self._lines(lines)
            while len(rest) > MAX_MESSAGE_BYTES + 1:
                behind = yield from self._rest_of_large(rest)
                *lines, rest = behind.split(b"\n")
                yield self._lines(lines)
        if rest.strip(_BLANK):
            yield self._last(rest)

    def _lines(self, lines: list[bytes]) -> Run:
        begin, self.end = self.end, self.end + len(lines)
        messages = [line.removesuffix(b"\r") for line in lines]
        if all(line.strip(_BLANK) for line in messages) and max(map(len, messages), default=0) <= MAX_MESSAGE_BYTES:
            return Run(list(range(begin, self.end)), list(range(begin + 1, self.end + 1)), [*messages])
        run = no_run()
        for offset, message in enumerate(messages, begin):
            if message.strip(_BLANK):
                run.add(offset, offset + 1, _bounded(message, offset))
        return run

    def _last(self, line: bytes) -> Run:
        message = line.removesuffix(b"\r")
        if not _is_whole(message):
            self.waiting = len(line)
            return no_run()
        self.end += 1
        return Run([self.end - 1], [self.end], [_bounded(message, self.end - 1)])

    def _rest_of_large(self, begin: bytes) -> Generator[Run, None, bytes]:
        """Read on to the end of a line above the size limit; yield it, and return what follows."""
        line, nesting, held, part = Collected(), ElementReader([]), b"", begin
        feed = rest = b""
        while part and not feed:
            head, feed, rest = part.partition(b"\n")
            text = held + head
            held = b"\r" if text.endswith(b"\r") else b""
            line.add(text.removesuffix(b"\r"))
            nesting.advance(text)
            part = b"" if feed else next(self._chunks, b"")
        if not feed and not nesting.at_rest:
            self.waiting = line.length
            return b""
        self.end += 1
        yield Run([self.end - 1], [self.end], [line.finished(self.end - 1, self.end)])
        return rest


def _bounded(message: bytes, offset: int) -> bytes | Oversize:
    line = Collected()
    line.add(message)
    return line.finished(offset, offset + 1)


def _is_whole(message: bytes) -> bool:
    """Return whether ``message`` ends with the object or list that it begins with; a number may still get digits."""
    nesting = ElementReader([])
    nesting.advance(message)
    return nesting.at_rest and message.lstrip().startswith((b"{", b"["))
