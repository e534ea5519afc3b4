"""JSON that is no line format: one message an element, however the text is broken into lines.

Such are arrays, ``{"Records": […]}``, and objects one after the other.

The reader looks at brackets and quotes only; whether an element is valid JSON is for the decoder to say. So a damaged
element is one message, which becomes a dead letter, and reading goes on with the next one where the brackets tell it:
a line feed ends a broken string, and a closing bracket closes everything that was left open inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from services.messages import Collected, Run, no_run

Layout = Literal["array", "records", "sequence"]
"""``[…]``; ``{"Records": […]}``; or objects one after the other. The first two may be repeated."""

RECORDS: Final = re.compile(rb'\{\s*"Records"\s*:\s*\[')

_BLANKS: Final = re.compile(rb"[ \t\r\n\x00]*")
# To the next bracket, over whole strings; with nothing open also to the next comma or line feed. Groups are not
# possessive: Python before 3.11.5 matches those wrongly.
_DEEP: Final = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*")*')
_FLAT: Final = re.compile(rb'(?:[^"{}\[\],\n]++|"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*")*')
_STRING: Final = re.compile(rb'[^"\\\n]*(?:\\[^\n][^"\\\n]*)*')
_PAIR: Final = {ord("}"): ord("{"), ord("]"): ord("[")}
_OPENERS: Final = b"{["
_LONGEST_PREFIX: Final = 1 << 12


class ElementReader:
    """Yields the elements of a text; the offset of each is its index in the file, from 0.

    Attributes:
        end: the first offset after what has been read.
        waiting: bytes of a last element that waits for its rest.
    """

    def __init__(self, chunks: Iterable[bytes], layout: Layout = "sequence") -> None:
        self._chunks = iter(chunks)
        self._layout = layout
        self._line = 1
        self._counted = 0
        self._stack = bytearray()
        self._inside = False  # between the brackets of an array that holds elements
        self._tail = False  # behind such an array, in the object that holds it
        self._in_string = False
        self._open: Collected | None = None
        self._open_line = 1
        self._begin = 0
        self._held = b""
        self.end = 0
        self.waiting = 0

    def __iter__(self) -> Iterator[Run]:
        """Yield the elements in order, those that end in one chunk at once."""
        for chunk in self._chunks:
            yield self.advance(chunk)
        self.waiting = self._open.length + len(self._held) if self._open is not None else 0

    @property
    def at_rest(self) -> bool:
        """Whether what has been read so far ends with a whole element."""
        return self._open is None and not self._stack

    def advance(self, chunk: bytes) -> Run:
        """Read on; return the elements that end in ``chunk``."""
        text, found, pos = self._held + chunk, no_run(), 0
        self._held, self._begin, self._counted = b"", 0, 0
        while pos < len(text):
            if self._in_string:
                pos = self._through_string(text, pos)
            elif self._open is None and not self._tail:
                pos = self._between(text, pos)
            else:
                pos = self._within(text, pos, found)
        if self._open is not None:
            self._open.add(text[self._begin : len(text) - len(self._held)])
        self._line += text.count(b"\n", self._counted)
        return found

    def _through_string(self, text: bytes, pos: int) -> int:
        """Go on in a string that began in an earlier chunk, or that does not end on its line."""
        end = _end(_STRING, text, pos)
        if end == len(text):
            return end
        if text[end : end + 1] == b"\\" and end == len(text) - 1:
            self._held = text[end:]
            return len(text)
        self._in_string = False
        return end if text[end : end + 1] == b"\n" else end + 1

    def _between(self, text: bytes, pos: int) -> int:
        """Go to the next element, in or out of arrays that hold elements."""
        pos = _end(_BLANKS, text, pos)
        char = text[pos : pos + 1]
        if self._inside and char in {b",", b"]"}:
            if char == b"]":
                self._inside, self._tail = False, self._layout == "records"
                self._stack = bytearray(b"{" if self._tail else b"")
            return pos + 1
        if not self._inside and char == b"[" and self._layout == "array":
            self._inside = True
            return pos + 1
        if char:
            self._line += text.count(b"\n", self._counted, pos)
            self._open, self._open_line = Collected(), self._line
            self._counted = self._begin = pos
        return pos

    def _within(self, text: bytes, pos: int, found: Run) -> int:
        """Go to the next bracket of an element, or to its end."""
        pos = _end(_DEEP if self._stack else _FLAT, text, pos)
        if pos == len(text):
            return pos
        char = text[pos]
        if char == ord('"'):
            self._in_string = True
        elif char in _OPENERS:
            self._opened(char, text, pos)
        elif char in _PAIR:
            return self._closed(char, text, pos, found)
        elif self._inside == (char == ord(",")):  # a comma ends it in an array, a line feed outside
            self._finish(text, pos, found)
            return pos
        return pos + 1

    def _opened(self, char: int, text: bytes, pos: int) -> None:
        if self._layout == "records" and char == ord("[") and self._stack == b"{" and self._is_prefix(text, pos):
            self._open, self._inside = None, True
            self._stack.clear()
        else:
            self._stack.append(char)

    def _is_prefix(self, text: bytes, pos: int) -> bool:
        if self._open is None or self._inside or self._open.length + pos - self._begin > _LONGEST_PREFIX:
            return False
        return RECORDS.fullmatch((self._open.so_far() or b"") + text[self._begin : pos + 1]) is not None

    def _closed(self, char: int, text: bytes, pos: int, found: Run) -> int:
        depth = self._stack.rfind(_PAIR[char])
        if depth >= 0:
            del self._stack[depth:]
            if not self._stack:
                self._tail = False
                self._finish(text, pos + 1, found)
        elif char == ord("]") and self._inside:
            self._finish(text, pos, found)
            return pos
        return pos + 1

    def _finish(self, text: bytes, stop: int, found: Run) -> None:
        if self._open is not None:
            self._open.add(text[self._begin : stop])
            found.add(self.end, self._open_line, self._open.finished(self.end, self._open_line))
            self.end += 1
        self._open = None
        self._stack.clear()


def _end(pattern: re.Pattern[bytes], text: bytes, pos: int) -> int:
    """Return where ``pattern``, which may match nothing, stops matching from ``pos`` on."""
    found = pattern.match(text, pos)
    return found.end() if found else pos
