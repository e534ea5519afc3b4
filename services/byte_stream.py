"""The bytes of a file or of standard input, decompressed: gzip and zstd, told by their first bytes, not by a name.

Memory is bounded whatever comes: no call returns much more than `CHUNK_BYTES`, also from a file that decompresses to
a thousand times its size.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import zstandard

from schemas.errors import Place, SourceError

CHUNK_BYTES: Final = 1 << 18
STDIN_NAME: Final = "stdin"

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = (b"\x28\xb5\x2f\xfd", *(bytes([low, 0x2A, 0x4D, 0x18]) for low in range(0x50, 0x60)))
_OTHERS: Final = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"PAR1": "Parquet",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LONGEST_MAGIC: Final = 6
_ZSTD_WINDOW: Final = 1 << 27  # 128 MiB, what `zstd --ultra` makes at most without --long
_ZSTD_FEED: Final = 1 << 10  # one block of 128 KiB takes at least four bytes, so this yields 32 MiB at most
_GZIP_FEED: Final = 1 << 14  # of the piece in which the damage lies, everything is read again byte by byte
_BOM: Final = b"\xef\xbb\xbf"


def text_chunks(path: Path | None) -> Iterator[bytes]:
    """Yield the text of ``path`` (None: standard input) in chunks, without a byte order mark.

    Raises:
        SourceError: the file cannot be opened or read, is damaged, or is of a kind that is not read. What could be
            read before is yielded first.
    """
    chunks = _decompressed(path)
    head = _at_least(len(_BOM), chunks)
    yield from joined(head.removeprefix(_BOM), chunks)


def open_file(path: Path | None) -> IO[bytes]:
    """Return an open file, or standard input.

    Raises:
        SourceError: there is no such file, it is a directory, or it may not be read.
    """
    if path is None:
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise _not_readable(path, error) from None


def _decompressed(path: Path | None) -> Iterator[bytes]:
    with open_file(path) as file:
        raw = _raw(file, path)
        head = _at_least(_LONGEST_MAGIC, raw)
        for magic, kind in _OTHERS.items():
            if head.startswith(magic):
                raise _wrong_kind(path, kind)
        whole = joined(head, raw)
        if head.startswith(_GZIP):
            yield from _gunzipped(whole, path)
        elif head.startswith(_ZSTD):
            yield from _unzstd(whole, path)
        else:
            yield from whole


def _raw(file: IO[bytes], path: Path | None) -> Iterator[bytes]:
    try:
        while chunk := file.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
            yield chunk
    except OSError as error:
        raise _not_readable(path, error) from None


def _at_least(size: int, chunks: Iterator[bytes]) -> bytes:
    """Return the first chunks joined, ``size`` bytes at least unless there are fewer."""
    head = b""
    while len(head) < size and (chunk := next(chunks, b"")):
        head += chunk
    return head


def joined(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield ``head``, if there is any, then ``chunks``."""
    if head:
        yield head
    yield from chunks


class _Members:
    """The members of a gzip file (RFC 1952 §2.2), one after the other; zero bytes after one are padding."""

    def __init__(self, member: Any = None) -> None:
        self._member = member or zlib.decompressobj(wbits=31)

    @property
    def whole(self) -> bool:
        """Whether no member is unfinished."""
        return bool(self._member.eof)

    def copy(self) -> _Members:
        """Return the same state once more; a member that has ended never changes."""
        return _Members(self._member if self._member.eof else self._member.copy())

    def texts(self, rest: bytes) -> Iterator[bytes]:
        """Yield the text of the next bytes of the file."""
        while rest:
            if self._member.eof:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                self._member = zlib.decompressobj(wbits=31)
            text = self._member.decompress(rest, CHUNK_BYTES)
            rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if text:
                yield text
        # What a chunk had no room for.
        while not self._member.eof and (text := self._member.decompress(b"", CHUNK_BYTES)):
            yield text


def _gunzipped(chunks: Iterable[bytes], path: Path | None) -> Iterator[bytes]:
    """Yield the text of a gzip file, up to its damage if it has one."""
    members, read = _Members(), 0
    for piece in _pieces(chunks, _GZIP_FEED):
        before, given = members.copy(), 0
        try:
            for text in members.texts(piece):
                given += len(text)
                yield text
        except zlib.error as error:
            for text in _until_damage(before, piece, given):
                given += len(text)
                yield text
            raise _damaged(path, "gzip", read + given, str(error)) from None
        read += given
    if not members.whole:
        raise _damaged(path, "gzip", read, "it ends in the middle")


def _until_damage(members: _Members, piece: bytes, given: int) -> Iterator[bytes]:
    """Yield the text of a damaged piece but for the first ``given`` bytes of it; byte by byte, to the damage itself."""
    with suppress(zlib.error):
        for at in range(len(piece)):
            for text in members.texts(piece[at : at + 1]):
                if more := text[given:]:
                    yield more
                given = max(0, given - len(text))


def _unzstd(chunks: Iterable[bytes], path: Path | None) -> Iterator[bytes]:
    """Yield the text of all frames of a zstd file (RFC 8878 §3)."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame, read = decompressor.decompressobj(), 0
    try:
        for piece in _pieces(chunks, _ZSTD_FEED):
            rest = piece
            while rest:
                if frame.eof:
                    frame = decompressor.decompressobj()
                text = frame.decompress(rest)
                rest = frame.unused_data if frame.eof else b""
                read += len(text)
                if text:
                    yield text
    except zstandard.ZstdError as error:
        raise _damaged(path, "zstd", read, str(error)) from None
    if not frame.eof:
        raise _damaged(path, "zstd", read, "it ends in the middle")


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for chunk in chunks:
        for begin in range(0, len(chunk), size):
            yield chunk[begin : begin + size]


def place_of(path: Path | None) -> Place:
    """Return where an error about ``path`` stands."""
    return Place(str(path) if path is not None else STDIN_NAME)


def _damaged(path: Path | None, kind: str, read: int, why: str) -> SourceError:
    return SourceError(
        f"the {kind} file is damaged",
        where=place_of(path),
        why=f"{why}, after {read:,} bytes of text",
        todo="what stands before the damage has been read; get the whole file and run the same command again, with "
        "--as-new if it turns out that damaged text was read",
    )


def _wrong_kind(path: Path | None, kind: str) -> SourceError:
    return SourceError(
        f"the file is {kind}, which is not read",
        where=place_of(path),
        why="logs are read as UTF-8 text: plain, gzip or zstd",
        todo="convert it first",
    )


def _not_readable(path: Path | None, error: OSError) -> SourceError:
    if isinstance(error, IsADirectoryError):
        why, todo = "it is a directory", "name the files in it, for example DIRECTORY/*.json"
    elif isinstance(error, PermissionError):
        why, todo = "no permission to read it", "run as a user who may read it"
    elif isinstance(error, FileNotFoundError):
        why, todo = "there is no such file", "check the path"
    else:
        why, todo = error.strerror or type(error).__name__, "check the file and its disk"
    return SourceError("the file cannot be read", where=place_of(path), why=why, todo=todo)
