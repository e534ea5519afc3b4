"""Dead letters: what could not be read, with the reason; and how they are played again once that has changed.

Nothing of a dead letter ever changes: it is a leaf, at its position. Played again, the same bytes come as a new message
to a new position, and become the event that they always were. What still cannot be read, and what is evidence already,
is not played, so playing twice adds nothing once the first time is recorded. The same id with other content is another
event: that it is evidence says nothing of the letter's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from services.store import Store, statement
from services.store_keys import reading_keys_of
from services.topics import format_of, topic_of
from streams.adapt import detect
from streams.batch import RawBatch
from streams.commit import Keys
from streams.decode import decode
from streams.record import keyed_content

PER_READ: Final = 100
"""Letters held at a time; each may be as large as a message may be."""
BEFORE_ALL: Final = ("", -1, -1, -1)


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter.

    Attributes:
        source: with partition, offset and part its position.
        reason: why it could not be read then.
        size: length of the message in bytes.
        raw: the bytes that are kept of it: all, the beginning of one that was too large, or none once erased.
    """

    source: str
    partition: int
    offset: int
    part: int
    reason: str
    size: int
    raw: bytes

    @property
    def position(self) -> str:
        """The position as headers have it."""
        return f"{self.source}|{self.partition}|{self.offset}|{self.part}"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters: of a source, for a reason; empty means any."""

    source: str = ""
    reason: str = ""


@dataclass(slots=True)
class Playing:
    """What becomes of the letters that were selected.

    Attributes:
        played: how many are, or would be, played again.
        known: their events are evidence already.
        cut: only a beginning is kept, nothing, or there never was anything.
        still: reason → how many still cannot be read.
    """

    played: int = 0
    known: int = 0
    cut: int = 0
    still: Counter[str] = field(default_factory=Counter)


class Event(NamedTuple):
    """What makes two events the same one: CloudEvents source and id, and the keyed content."""

    source: str
    id: str
    content: str


def listed(store: Store, selection: Selection, limit: int) -> list[dict[str, Any]]:
    """Return dead letters as rows: position, ``reason``, ``text``, ``bytes`` (how many), ``recorded_at``."""
    rows = _rows(store, selection, BEFORE_ALL, limit, raw=False)
    return [{name: value for name, value in row.items() if name != "raw"} for row in rows]


def letters(store: Store, selection: Selection) -> Iterator[list[Letter]]:
    """Yield dead letters with their bytes, `PER_READ` at a time, by position."""
    after: tuple[str, int, int, int] = BEFORE_ALL
    while rows := _rows(store, selection, after, PER_READ, raw=True):
        found = [_letter(row) for row in rows]
        last = found[-1]
        after = (last.source, last.partition, last.offset, last.part)
        yield found


def playable(store: Store, found: Sequence[Letter], outcome: Playing) -> list[Letter]:
    """Return the letters that can be read now and are no evidence yet; count what becomes of all in ``outcome``."""
    keys = reading_keys_of(store)
    readable: dict[Letter, set[Event]] = {}
    for letter in found:
        if not letter.raw or letter.size > len(letter.raw):
            outcome.cut += 1
        elif isinstance(events := _read(letter, keys), str):
            outcome.still[events] += 1
        else:
            readable[letter] = events
    known = _known(store, {event for events in readable.values() for event in events})
    new = [letter for letter, events in readable.items() if not events <= known]
    outcome.known += len(readable) - len(new)
    outcome.played += len(new)
    return new


def form_of(letter: Letter) -> str:
    """Return the format that a letter's message is read by."""
    topic = topic_of(letter.source)
    return format_of(topic) if topic else detect(letter.raw)


def _read(letter: Letter, keys: Keys) -> set[Event] | str:
    """Return the events in a letter's bytes, or the reason why they still cannot be read."""
    batch = RawBatch(letter.source, letter.partition, form_of(letter), [0], [letter.raw], first=0, last=0)
    decoded = decode(batch)
    if len(decoded.dead_letters):
        return str(decoded.dead_letters["reason"][0])
    content = keyed_content(decoded.events["event.content"], keys)
    return {Event(*one) for one in decoded.events.select("event.source", "event.id", content).iter_rows()}


def _known(store: Store, wanted: Collection[Event]) -> set[Event]:
    """Return those events that are evidence."""
    if not wanted:
        return set()
    rows = store.rows(
        "SELECT DISTINCT `event.source` AS source, `event.id` AS id, `event.content` AS content FROM evidence"
        " WHERE kind = 'event' AND `event.id` IN {ids:Array(String)}",
        {"ids": sorted({one.id for one in wanted})},
    )
    return {Event(row["source"], row["id"], row["content"]) for row in rows} & set(wanted)


def _rows(
    store: Store, selection: Selection, after: tuple[str, int, int, int], limit: int, *, raw: bool
) -> list[dict[str, Any]]:
    names = ("after_source", "after_partition", "after_offset", "after_part")
    return store.rows(
        statement("dead_letters"),
        {
            "source": selection.source,
            "reason": selection.reason,
            "limit": limit,
            "raw": raw,
            **dict(zip(names, after, strict=True)),
        },
    )


def _letter(row: dict[str, Any]) -> Letter:
    return Letter(
        row["source"], row["partition"], row["offset"], row["part"], row["reason"], row["bytes"],
        bytes.fromhex(row["raw"]),
    )  # fmt: skip
