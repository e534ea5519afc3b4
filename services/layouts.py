"""How a text holds its messages: one a line, or as elements of JSON that may span lines; told by its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from services.element_reader import RECORDS, Layout
from streams.batch import Oversize

_PEEK_BYTES: Final = 1 << 16
_JSON: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_BROKEN_LINE: Final = re.compile(rb"[^\n]*[{\[,][ \t\r]*\n[ \t]")


def layout_of(chunks: Iterator[bytes]) -> tuple[bytes, Layout | None]:
    """Read as far as it takes to tell the layout; return what was read, and the layout (None: one message a line)."""
    head = b""
    for chunk in chunks:
        head += chunk
        text = head.lstrip(b" \t\r\n")
        if _is_told(text) or len(head) >= _PEEK_BYTES:
            return head, _layout(text)
    return head, _layout(head.lstrip(b" \t\r\n"))


def is_object(message: bytes | Oversize) -> bool:
    """Return whether ``message`` is a JSON object with at least one key."""
    try:
        return not isinstance(message, Oversize) and bool(_JSON(message))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


def _is_told(text: bytes) -> bool:
    """Return whether more of the text could not change what its layout is."""
    if not text.startswith(b"{") or RECORDS.match(text):
        return bool(text)
    if b'{"Records":['.startswith(b"".join(text[:_PEEK_BYTES].split())):
        return False
    line, _, next_line = text.partition(b"\n")
    return bool(next_line) or is_object(line)


def _layout(text: bytes) -> Layout | None:
    """Return the layout: a first line that is no object and goes on indented is JSON broken into lines."""
    if text.startswith(b"["):
        return "array"
    if RECORDS.match(text):
        return "records"
    if text.startswith(b"{") and _BROKEN_LINE.match(text) and not is_object(text.partition(b"\n")[0]):
        return "sequence"
    return None
