"""The log in front, as the recorder sees it: Kafka, the spool of the gateway, or a list in a test.

A log has partitions; a partition has messages at rising offsets, with gaps where a broker keeps its own marks or has
compacted. What is assigned stands still until the recorder says where to go on: the log's own idea of a position is a
hint at best.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

NEW_GENERATION: Final = (
    "put the old log back, or, if it was made anew on purpose, record the new one beside the old: name the topic with "
    "a generation in kafka.topics, for example audit.events~2"
)
"""What a person can do about a log that was made anew."""


class Partition(NamedTuple):
    """One partition of one source, under the names that its positions have in evidence.

    Attributes:
        source: for example ``kafka:audit.events``.
        number: partition within the source.
        format: name of the adapter that reads its messages.
    """

    source: str
    number: int
    format: str

    def __str__(self) -> str:
        """Return the position's beginning, as errors and headers have it."""
        return f"{self.source}|{self.number}"


class Message(NamedTuple):
    """One message; a value of None is a tombstone."""

    offset: int
    value: bytes | None


class Bounds(NamedTuple):
    """First offset that is still there, and the offset behind the last message that can be read."""

    begin: int
    end: int


@dataclass(slots=True)
class Run:
    """Messages of one partition in order: ``offsets`` and ``values`` run side by side."""

    offsets: list[int] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.offsets)


class Owner(Protocol):
    """Who reads a log, told by it what to read."""

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Take partitions over; returns at once."""

    async def revoked(self) -> None:
        """Finish what was begun and let every partition go; while this runs nobody else has them."""


class Log(Protocol):
    """A log that is read by one recorder, or by several that share its partitions."""

    async def start(self, owner: Owner) -> None:
        """Connect, and begin to tell ``owner`` what is assigned.

        Raises:
            LogError: it cannot be reached, or does not let us in.
        """

    async def stop(self) -> None:
        """Leave, so that others can take over at once."""

    async def bounds(self, partitions: Collection[Partition]) -> Mapping[Partition, Bounds]:
        """Return where partitions begin and end now."""

    async def messages_at(self, offsets: Mapping[Partition, int]) -> Mapping[Partition, Message | None]:
        """Return, per partition, the first message at its offset or behind it; None if there is none."""

    async def compacted(self, partition: Partition) -> bool:
        """Return whether the log forgets messages that later ones overwrite; False if that is not known."""

    def go_on(self, partition: Partition, offset: int) -> None:
        """Read a partition from ``offset`` on."""

    async def poll(self, partitions: Sequence[Partition], *, seconds: float, rows: int) -> Mapping[Partition, Run]:
        """Return the next messages of ``partitions``, at most ``rows``; wait for the first one up to ``seconds``.

        Raises:
            EvidenceError: the log is no longer the one that was read.
            LogError: it does not let us read.
        """

    async def check(self) -> None:
        """See that what has been read so far came from the log that `bounds` was asked of.

        Raises:
            EvidenceError: it was made anew since.
            LogAwayError: it cannot be asked for now.
        """

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Leave a hint of where to go on, offset by partition. That it cannot be left is no error."""

    def lag(self, partition: Partition, position: int) -> int | None:
        """Return how many offsets lie between ``position`` and the end as last heard of; None if unheard of.

        The end is heard of while nothing is polled, too: within a few seconds.
        """
