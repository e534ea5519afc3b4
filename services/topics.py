"""The topics: which there are, how they are laid out, and under which name their positions stand in evidence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from schemas.errors import UsageError
from schemas.events import MAX_MESSAGE_BYTES
from streams.adapt import FORMATS, NATIVE
from streams.outgoing import Kind
from streams.resume import generations

EVENTS: Final = "audit.events"
RAW: Final = "audit.raw."
INPUTS: Final = (EVENTS, *(f"{RAW}{form}" for form in FORMATS if form != NATIVE))
"""Everything that a gateway takes in, and what is recorded unless `kafka.topics` says otherwise: what was answered with
202 must not expire because nobody reads it."""
OUT: Final[dict[Kind, str]] = {
    "findings": "audit.findings",
    "restricted": "audit.findings.restricted",
    "activity": "audit.activity",
    "deadletter": "audit.deadletter",
}
"""Where the recorder tells what follows from a batch."""

SCHEME: Final = "kafka:"
LARGEST: Final = "max.message.bytes"
INPUT_BYTES: Final = 2 * MAX_MESSAGE_BYTES
"""What a topic takes as one message, where whole messages come in: the largest, its key and headers, and what Kafka
adds. A broker takes 1,048,588 bytes by itself, so of 1 MiB only what compresses."""
_DAY_MS: Final = 86_400_000
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}(~[1-9]\d*)?")


@dataclass(frozen=True, slots=True)
class Topic:
    """How one topic is laid out.

    Attributes:
        name: its name.
        days: how long messages are kept; None: for good.
        policy: ``delete``, or ``compact`` where only the last message of a key matters.
        partitions: how many, unless somebody asks for another number; 1 where order is everything.
        holds: what is in it, for people.
    """

    name: str
    days: int | None
    policy: Literal["delete", "compact"]
    partitions: int
    holds: str

    @property
    def settings(self) -> dict[str, str]:
        """The broker's settings of the topic."""
        size = {LARGEST: str(INPUT_BYTES)} if self.name in INPUTS else {}
        retention = "-1" if self.days is None else str(self.days * _DAY_MS)
        return {
            "cleanup.policy": self.policy,
            "retention.ms": retention,
            "retention.bytes": "-1",
            "compression.type": "producer",
            "message.timestamp.type": "CreateTime",
            **size,
        }


MANY: Final = 12
TOPICS: Final = (
    Topic(EVENTS, 7, "delete", MANY, "events as CloudEvents, from the gateway or directly"),
    *(Topic(f"{RAW}{form}", 7, "delete", MANY, f"messages in the format {form}") for form in FORMATS if form != NATIVE),
    Topic("audit.activity", 30, "delete", MANY, "records of events that something may follow from"),
    Topic("audit.findings", 30, "delete", MANY, "records of findings, by flag"),
    Topic(
        "audit.findings.restricted", 30, "delete", 1, "the same of rules that few may see; give it an ACL of its own"
    ),
    Topic("audit.cases", None, "compact", 1, "the state of each case"),
    Topic("audit.acts", None, "delete", 1, "what was done in Ashiato itself"),
    Topic("audit.seals", None, "delete", 1, "signed checkpoints of the log"),
    Topic("audit.deadletter", 30, "delete", 1, "records of what could not be read, without its bytes"),
)


@dataclass(frozen=True, slots=True)
class Input:
    """A topic that is recorded.

    Attributes:
        topic: its name on the broker.
        source: its name in positions, ``kafka:<topic>``; ``~2`` and so on at its end once it was made anew.
        format: name of the adapter that reads it.
    """

    topic: str
    source: str
    format: str


def inputs(names: Iterable[str], recorded: Collection[str]) -> list[Input]:
    """Return what is to be recorded.

    Args:
        names: topics, each perhaps with a generation (``audit.events~2``); none: the newest that is recorded.
        recorded: every source that something is recorded of.

    Raises:
        UsageError: a name is none, or there is no such format.
    """
    return [_input(name, recorded) for name in dict.fromkeys(names)]


def _input(name: str, recorded: Collection[str]) -> Input:
    if not _NAME.fullmatch(name):
        raise UsageError("this is no name of a topic", why="letters, digits, dots, underscores and hyphens make one")
    topic, _, generation = name.partition("~")
    known = generations(f"{SCHEME}{topic}", recorded)
    source = f"{SCHEME}{topic}" if generation in {"", "1"} else f"{SCHEME}{name}"
    return Input(topic, known[0] if known and not generation else source, format_of(topic))


def topic_of(source: str) -> str | None:
    """Return the topic that a source stands for; None if it is no topic's."""
    return source.removeprefix(SCHEME).partition("~")[0] if source.startswith(SCHEME) else None


def format_of(topic: str) -> str:
    """Return the format of a topic's messages: ``audit.raw.<format>`` names it, others hold our own.

    Raises:
        UsageError: there is no such format.
    """
    form = topic.removeprefix(RAW) if topic.startswith(RAW) else NATIVE
    if form not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(f"nothing reads the topic {topic}", why=f"its name asks for the format {form}; known: {known}")
    return form
