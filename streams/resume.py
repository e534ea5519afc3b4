"""Resume: go on where the evidence of a source ends, once the source is seen to begin with what was recorded."""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from schemas.errors import Place, SourceError
from schemas.records import Range
from streams.batch import RawBatch
from streams.commit import Keys, keyed_hex
from streams.ranges import Accepted, Digest, bare_sha256

_GENERATION = re.compile(r"~(\d+)$")


def generations(name: str, sources: Iterable[str]) -> list[str]:
    """Return the recorded sources that go by a name, the newest first: ``name~3``, ``name~2``, ``name``.

    A file that was replaced by another with the same beginning has the same name; a person tells them apart by starting
    a new generation.
    """
    mine = {number: source for source in sources if (number := _generation(name, source)) is not None}
    return [mine[number] for number in sorted(mine, reverse=True)]


def next_generation(name: str, sources: Iterable[str]) -> str:
    """Return the name of a new generation; the name itself if nothing is recorded under it yet."""
    mine = generations(name, sources)
    return f"{name}~{(_generation(name, mine[0]) or 1) + 1}" if mine else name


def _generation(name: str, source: str) -> int | None:
    """Return the generation number that ``source`` is of ``name``; None if it is another one."""
    if source == name:
        return 1
    number = _GENERATION.search(source)
    return int(number[1]) if number and source[: number.start()] == name else None


def messages_hmac(digest: bytes, keys: Keys) -> str:
    """Return what a range keeps of a digest of messages: HMAC-SHA-256 under the pseudonym key."""
    return keyed_hex("messages", digest.hex(), keys)


def is_last_message(message: bytes, of: Range, keys: Keys) -> bool:
    """Return whether a message is the last one that a range was made of."""
    return messages_hmac(bare_sha256(message), keys) == of.last_message_hmac


def rest(batch: RawBatch, first: int) -> RawBatch | None:
    """Return the part of a batch from offset ``first`` on; None if nothing of it is left."""
    if first <= batch.first:
        return batch
    if first > batch.last:
        return None
    begin = bisect_left(batch.offsets, first)
    return dataclasses.replace(
        batch,
        offsets=batch.offsets[begin:],
        messages=batch.messages[begin:],
        lines=batch.lines[begin:] if batch.lines is not None else None,
        oversize=[one for one in batch.oversize if one.offset >= first],
        first=first,
    )


class Recorded:
    """What is recorded of one source, and the check that a stream still says so.

    Feed it every batch of the source from its beginning; it hands back what is new.

    Args:
        accepted: the ranges that count, in order.
        keys: their digests are kept keyed.
        place: the file, for errors.
    """

    def __init__(self, accepted: Sequence[Accepted], keys: Keys, place: Place) -> None:
        self._open = [(one.range, Digest()) for one in accepted]
        self._keys = keys
        self._place = place
        self.end = accepted[-1].last if accepted else -1

    def new(self, batch: RawBatch) -> RawBatch | None:
        """Return the part of ``batch`` that is not recorded yet; None if all of it is.

        Raises:
            SourceError: the messages are not those that were recorded.
        """
        still_open = []
        for one, digest in self._open:
            digest.add(batch, one.first, one.last)
            if one.last > batch.last:
                still_open.append((one, digest))
            elif messages_hmac(digest.messages_sha256(), self._keys) != one.messages_hmac:
                raise self._replaced(one, "they are not the messages that were recorded")
        self._open = still_open
        return rest(batch, self.end + 1)

    def finish(self) -> None:
        """Say that the source has ended.

        Raises:
            SourceError: it ended before what was recorded.
        """
        if self._open:
            raise self._replaced(self._open[0][0], "the file ends before them, though they are recorded")

    def _replaced(self, one: Range, why: str) -> SourceError:
        return SourceError(
            f"another file with the same beginning: messages {one.first + 1} to {one.last + 1} differ",
            where=self._place,
            why=why,
            todo="put the recorded file back, or say --as-new to record this one beside it",
        )
