"""Decode: raw messages to typed columns, and dead letters for what cannot be read.

The fast way reads a message into a struct, doubts what the struct cannot tell, and turns the structs of the whole batch
into columns. What it refuses or doubts is decided by the contract (`streams.verdicts`). So the verdict on a message,
and its values, depend on its bytes alone: not on the way it took, nor on the batch it came in.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, chain, pairwise, repeat
from operator import itemgetter
from typing import Any, Final, Self

import msgspec
import polars as pl

from schemas.errors import MessageError
from schemas.events import MAX_MESSAGE_BYTES
from schemas.facts import EVENT, POSITION
from streams.adapt import NATIVE, Refused, adapter_of
from streams.batch import Decoded, RawBatch
from streams.event_columns import SLICE, EventColumns
from streams.fast_events import FastEvent
from streams.verdicts import check_text, dead_letter_text, may_be_deep, read_by_contract, tombstone, too_large

_TOLD: Final = [column.name for column in (*POSITION, *EVENT)]

HEAD_BYTES: Final = 1 << 16
"""A dead letter keeps so much of a message above the size limit."""

_READ: Final = msgspec.json.Decoder(FastEvent).decode
_REFUSALS: Final = (MessageError, msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError)

# A message that is longer than what was read from it has keys that nobody reads, or blanks. Only then can it hold what
# msgspec skips and the contract refuses: nesting beyond 200 takes two bytes a level (known keys nest five deep), and a
# number that the contract's parser does not take has more than 4,300 digits.
_EXCESS_DEEP: Final = 380
_EXCESS_DIGITS: Final = 4_000


_Refusal = tuple[int, int, Refused]
"""Row and part of what cannot be read."""


@dataclass(slots=True)
class _Read:
    """What was read of messages: events and refusals, each with its row (index of the message) and part."""

    rows: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    refused: list[_Refusal] = field(default_factory=list)
    _events: list[FastEvent] = field(default_factory=list)
    _columns: EventColumns = field(default_factory=EventColumns)

    def add(self, row: int, part: int, event: FastEvent) -> None:
        """Take the next event."""
        self.rows.append(row)
        self.parts.append(part)
        self._events.append(event)
        if len(self._events) == SLICE:
            self._take_apart()

    def frame(self) -> pl.DataFrame:
        """Return the columns of all events (`streams.event_columns`), then ``row`` and ``part``."""
        self._take_apart()
        return self._columns.frame().with_columns(
            pl.Series("row", self.rows, dtype=pl.Int64), pl.Series("part", self.parts, dtype=pl.Int64)
        )

    def _take_apart(self) -> None:
        self._columns.add(self._events)
        self._events.clear()


def decode(batch: RawBatch) -> Decoded:
    """Return what one batch says; see `decode_all`."""
    return decode_all([batch])[0]


def decode_all(batches: Sequence[RawBatch]) -> list[Decoded]:
    """Return the events of each batch as columns, and a dead letter for each message or part that cannot be read.

    ``raw`` stands at the first event of each message and is null at further ones (`position.part`), so that a message
    with many events is not kept many times. Batches of one format go through together: what it costs to begin, some 20
    ms, is paid once for all partitions.

    Raises:
        UsageError: there is no adapter of the name in ``format``.
    """
    found: dict[int, Decoded] = {}
    for form in dict.fromkeys(batch.format for batch in batches):
        numbers = [number for number, batch in enumerate(batches) if batch.format == form]
        found |= zip(numbers, _decoded(form, [batches[number] for number in numbers]), strict=True)
    return [found[number] for number in range(len(batches))]


@dataclass(frozen=True, slots=True)
class _Messages:
    """The messages of several batches, one behind the other; a *row* is an index into them."""

    raw: list[bytes]
    lines: list[int | None]
    edges: list[int]
    """The row of each batch's first message, and the one behind the last of all."""

    @classmethod
    def of(cls, batches: Sequence[RawBatch]) -> Self:
        return cls(
            list(chain.from_iterable(batch.messages for batch in batches)),
            list(chain.from_iterable(batch.lines or repeat(None, len(batch.messages)) for batch in batches)),
            list(accumulate((len(batch.messages) for batch in batches), initial=0)),
        )


def _decoded(form: str, batches: Sequence[RawBatch]) -> Iterator[Decoded]:
    """Yield what each batch says; all are of one format."""
    messages = _Messages.of(batches)
    raw = pl.Series("raw", messages.raw, dtype=pl.Binary)
    frame, refused = _native(messages, raw) if form == NATIVE else _foreign(form, messages)
    events = _events(frame, batches, raw)
    of_events = pairwise(frame["row"].search_sorted(pl.Series(messages.edges, dtype=pl.Int64), side="left"))
    of_refused = pairwise(bisect_left(refused, edge, key=itemgetter(0)) for edge in messages.edges)
    for batch, first, (begin, end), (told, until) in zip(batches, messages.edges, of_events, of_refused, strict=False):
        own = [(row - first, part, one) for row, part, one in refused[told:until]]
        yield Decoded(events[begin:end], _dead_letters(own, batch))


def _native(messages: _Messages, raw: pl.Series) -> tuple[pl.DataFrame, list[_Refusal]]:
    frame, others = _fast(messages.raw, all_text=_all_text(raw))
    doubtful = _doubtful(frame, messages.raw, raw)
    if not others and not doubtful:
        return frame, []
    slow = _by_contract(messages, sorted([*others, *doubtful]))
    sure = frame.filter(~pl.col("row").is_in(pl.Series(doubtful, dtype=pl.Int64).implode()))
    return pl.concat([sure, slow.frame()]).sort("row"), slow.refused


def _fast(messages: Sequence[bytes], *, all_text: bool) -> tuple[pl.DataFrame, list[int]]:
    """Read what msgspec admits; return it, and the rows that it refuses."""
    columns, rows, others = EventColumns(), list[int](), list[int]()
    for begin in range(0, len(messages), SLICE):
        read = _admitted(messages[begin : begin + SLICE], all_text=all_text)
        if None in read:
            others += [row for row, event in enumerate(read, begin) if event is None]
            rows += [row for row, event in enumerate(read, begin) if event is not None]
        else:
            rows += range(begin, begin + len(read))
        columns.add([event for event in read if event is not None])
    row = pl.Series("row", rows, dtype=pl.Int64)
    return columns.frame().with_columns(row, pl.lit(0, dtype=pl.Int64).alias("part")), others


def _admitted(messages: Sequence[bytes], *, all_text: bool) -> list[FastEvent | None]:
    """Return what msgspec reads of each message; None where it refuses."""
    if all_text:
        with suppress(*_REFUSALS):
            return [_READ(message) for message in messages]
    return [_admit(message, is_text=all_text) for message in messages]


def _admit(message: bytes, *, is_text: bool) -> FastEvent | None:
    try:
        event: FastEvent = _READ(message)
        if not is_text:
            check_text(message)
    except _REFUSALS:
        return None
    return event


def _all_text(raw: pl.Series) -> bool:
    """Return whether all messages are UTF-8 within the size limit; msgspec looks at neither in what it skips."""
    try:
        raw.cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return not (raw.bin.size() > MAX_MESSAGE_BYTES).any()


def _doubtful(frame: pl.DataFrame, messages: Sequence[bytes], raw: pl.Series) -> list[int]:
    """Return the rows on which only the contract can decide."""
    excess = raw[frame["row"].cast(pl.UInt32)].bin.size().cast(pl.Int64) - frame["written"]
    doubtful = set(frame.filter(pl.col("in_doubt") | (excess > _EXCESS_DIGITS))["row"])
    for row in frame.filter(excess > _EXCESS_DEEP)["row"]:
        if may_be_deep(messages[row]):
            doubtful.add(row)
    return sorted(doubtful)


def _by_contract(messages: _Messages, rows: Sequence[int]) -> _Read:
    read = _Read()
    for row in rows:
        message = messages.raw[row]
        try:
            event = read_by_contract(message, messages.lines[row])
        except MessageError as error:
            read.refused.append((row, 0, Refused(error, message)))
            continue
        read.add(row, 0, event)
    return read


def _foreign(form: str, messages: _Messages) -> tuple[pl.DataFrame, list[_Refusal]]:
    adapter, read = adapter_of(form), _Read()
    for row, (message, line) in enumerate(zip(messages.raw, messages.lines, strict=True)):
        try:
            check_text(message, line)
            found = adapter(message, line)
        except MessageError as error:
            read.refused.append((row, 0, Refused(error, message)))
            continue
        for part, one in enumerate(found):
            if isinstance(one, Refused):
                read.refused.append((row, part, one))
            else:
                read.add(row, part, one)
    return read.frame(), read.refused


def _events(frame: pl.DataFrame, batches: Sequence[RawBatch], raw: pl.Series) -> pl.DataFrame:
    """Return the events of all batches, one behind the other, with their positions."""
    row, places = pl.col("row"), frame["row"].cast(pl.UInt32)
    first_of_message = (row != row.shift(1)).fill_null(value=True)
    return frame.with_columns(
        _of_batches("position.source", [batch.source for batch in batches], batches, pl.String())[places],
        _of_batches("position.partition", [batch.partition for batch in batches], batches, pl.Int64())[places],
        pl.Series("position.offset", list(chain.from_iterable(batch.offsets for batch in batches)), pl.Int64)[places],
        pl.col("part").alias("position.part"),
        raw[places],
    ).select(
        pl.col(_TOLD),
        pl.when(first_of_message).then("raw").alias("raw"),
        "event.content",
    )


def _of_batches(name: str, values: Sequence[Any], batches: Sequence[RawBatch], dtype: pl.DataType) -> pl.Series:
    """Return a value of each batch for each of its messages."""
    parts = zip(values, batches, strict=True)
    return pl.concat(
        [pl.repeat(value, len(batch.messages), dtype=dtype, eager=True) for value, batch in parts], rechunk=True
    ).rename(name)


def _dead_letters(refused: Sequence[_Refusal], batch: RawBatch) -> pl.DataFrame:
    found = [
        (batch.offsets[row], part, one.error.reason, dead_letter_text(one.error), len(one.raw), one.raw[:HEAD_BYTES])
        if len(one.raw) > MAX_MESSAGE_BYTES
        else (batch.offsets[row], part, one.error.reason, dead_letter_text(one.error), len(one.raw), one.raw)
        for row, part, one in refused
    ]
    if batch.tombstones:
        found = [_tombstone(*one) if one[0] in batch.tombstones else one for one in found]
    for large in batch.oversize:
        error = too_large(large.length, large.line)
        found.append((large.offset, 0, error.reason, dead_letter_text(error), large.length, large.head[:HEAD_BYTES]))
    schema = {"offset": pl.Int64, "part": pl.Int64, "reason": pl.String, "text": pl.String, "bytes": pl.Int64,
              "raw": pl.Binary}  # fmt: skip
    return pl.DataFrame(found, schema=schema, orient="row").sort("offset", "part")


def _tombstone(offset: int, part: int, *_: object) -> tuple[int, int, str, str, int, bytes]:
    error = tombstone()
    return offset, part, error.reason, dead_letter_text(error), 0, b""
