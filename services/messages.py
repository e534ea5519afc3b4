"""Messages as they are found in chunks of a file, within bounded memory."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from schemas.events import MAX_MESSAGE_BYTES
from streams.batch import Oversize
from streams.ranges import bare

HEAD_BYTES: Final = 1 << 16


class Run(NamedTuple):
    """Messages found in one go: their offsets (index of line or element), one-based lines, and bytes."""

    offsets: list[int]
    lines: list[int]
    messages: list[bytes | Oversize]

    def split(self, index: int) -> tuple[Run, Run]:
        """Return the first ``index`` messages, and the others."""
        return (
            Run(self.offsets[:index], self.lines[:index], self.messages[:index]),
            Run(self.offsets[index:], self.lines[index:], self.messages[index:]),
        )

    def add(self, offset: int, line: int, message: bytes | Oversize) -> None:
        """Append one message."""
        self.offsets.append(offset)
        self.lines.append(line)
        self.messages.append(message)


def no_run() -> Run:
    """Return a run of no messages, to add some to."""
    return Run([], [], [])


class Collected:
    """A message that is still being read: whole up to the size limit, beyond it only head, length and hash.

    White space at its end is told apart: a message that was read before its line feed came may still get some.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._head = b""
        self._hash = hashlib.sha256()
        self._large = False
        self._bare = self._hash  # hash up to where white space at its end begins
        self.length = 0

    def add(self, part: bytes) -> None:
        """Append the next bytes of the message."""
        self.length += len(part)
        if self._large:
            self._hash_on(part)
            return
        self._parts.append(part)
        if self.length > MAX_MESSAGE_BYTES:
            whole = b"".join(self._parts)
            self._large, self._head, self._parts = True, whole[:HEAD_BYTES], []
            self._hash_on(whole)

    def so_far(self) -> bytes | None:
        """Return what has been read of it, or None if it is too large to be held."""
        return None if self._large else b"".join(self._parts)

    def finished(self, offset: int, line: int) -> bytes | Oversize:
        """Return the message, which stands at ``offset`` and begins on ``line``."""
        whole = self.so_far()
        if whole is None:
            return Oversize(offset, line, self.length, self._head, self._bare.digest())
        return whole

    def _hash_on(self, part: bytes) -> None:
        text = bare(part)
        if text:
            self._hash.update(text)
            self._bare = self._hash.copy()
        self._hash.update(part[len(text) :])
