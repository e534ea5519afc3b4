"""What is kept as evidence: records, the ranges that hold them together, and what lies outside the record.

A record is one line of JSON in UTF-8 with its keys in the declared order, nulls written out, no floats, times in UTC
with six digits and ``Z``. A dotted column name of `schemas.facts` is a path: ``asset.key`` is
``{"asset": {"key": …}}``; an optional section of which nothing is known is null as a whole. These bytes are stored as
they are; its leaf in the Merkle tree is SHA-256(0x00 ‖ record), RFC 6962 §2.1. No record is longer than 65,535 bytes
(C2SP tlog-tiles). A record holds no processing time (its range tells it) and no personal data: it holds salted
commitments to them.

Commitments of one event::

    position                     = "<source>|<partition>|<offset>|<part>"
    salt of the event and clock  = HMAC-SHA-256(salt key, position): its first 32 hex digits short, its last 32 long
    salts of a pair of fields    = SHA-256(salt of the event and clock ‖ "|" ‖ first field of the pair):
                                   its first 32 hex digits are the first field's, its last 32 the second's
    commitment to the field      = SHA-256(salt of the field ‖ "|" ‖ field ‖ "|" ‖ value), hex
    commitment of the clock      = SHA-256(commitments to its present fields, in order, joined by "|"), hex

The record holds the commitment of each clock. To show one value, its field's salt is told with the commitments to its
neighbours; the neighbours' values stay hidden. Lists are committed to as compact JSON. Which fields
are a pair is in ``SALT_PAIRS``. The salt of event and clock lies
beside the values in the table of that clock and dies with them; the unit of erasure is one event under one clock. The
HMAC key is the ASCII text of the salt key's 64 hexadecimal digits, so that standard tools can follow
(``openssl dgst -sha256 -hmac``).

The raw message is committed to once: in the record of its first event, or, when it cannot be read, in its dead letter.
The value of ``raw`` is the SHA-256 (hex) of the message without white space at its end: to show that a message is the
one that was recorded, nobody needs to show what it says, and of an oversized one only the beginning is kept.

``event.content`` in records is keyed (first 32 hex digits of HMAC-SHA-256, under the pseudonym key, of ``content|`` and
the event as decoded, as `streams.event_columns` puts it down), not a plain hash: who knows all else of an event could
otherwise guess an address or a name in it and see the hash agree.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

from pydantic import Field

from schemas.base import Contract, Count, Sha256

RECORD_VERSION: Final = 1
MAX_RECORD_BYTES: Final = 65_535

Clock = Literal["short", "long"]
"""short: communication-derived values and the raw message (retention.comm_history_days); long: accountability."""

COMMITTED: Final[dict[str, Clock]] = {
    "raw": "short",
    "origin.ip": "short",
    "asset.locator": "short",
    "destination.locator": "short",
    "records.users": "short",
    "actor.subject": "long",
    "actor.on_behalf_of.subject": "long",
    "grantee.subject": "long",
    "purpose": "long",
    "ticket": "long",
    "destination.temporary.purpose": "long",
    "exposure.party": "long",
    "exposure.system": "long",
    "act.subject": "long",
    "records.fields": "long",
    "grant.privileges": "long",
}
"""Values outside the record and the clock they are under. ``raw`` is the message as it came.

What a producer may write as it likes is outside: an account that is claimed to be a party's may be a person's address.
What stays in the record as the event says it are names that must not hold personal data (`schemas.events`).

``records.fields`` and ``grant.privileges`` stand in the record itself; only when their JSON is longer than
``MAX_LIST_BYTES`` the record has their number and a commitment instead."""

SALT_PAIRS: Final = (
    ("raw", "origin.ip"),
    ("asset.locator", "records.users"),
    ("destination.locator",),
    ("actor.subject", "purpose"),
    ("ticket", "grantee.subject"),
    ("actor.on_behalf_of.subject", "destination.temporary.purpose"),
    ("exposure.party", "exposure.system"),
    ("act.subject", "records.fields"),
    ("grant.privileges",),
)
"""Fields whose salts are the two halves of one digest: fields that events mostly have together. Both fields of a pair
are under one clock; neither half tells anything of the other."""

MAX_LIST_BYTES: Final = 8_192
"""Longest list (as JSON, in bytes) that a record holds itself; keeps every record far below MAX_RECORD_BYTES."""

RECORD_COLUMNS: Final = (
    "position.source", "position.partition", "position.offset", "position.part",
    "event.kind", "event.id", "event.source", "event.time", "event.content",
    "actor.issuer", "actor.kind", "actor.role",
    "asset.key", "asset.category", "asset.category_reason", "asset.service", "asset.region",
    "asset.equipment_country", "asset.country_from", "asset.operator", "asset.operator_country",
    "action", "operation", "outcome", "records.count", "records.fields_count", "records.fields",
    "party.key", "party.kind", "party.contract", "party.country", "party.home_country", "party.place_country",
    "party.abroad",
    "destination.key", "destination.region", "destination.equipment_country", "destination.country_from",
    "destination.operator", "destination.persistence", "destination.temporary.until", "destination.protocol",
    "destination.encrypted", "destination.bytes",
    "recipient.key", "recipient.kind", "recipient.contract", "recipient.country", "recipient.abroad",
    "exposure.to", "exposure.country",
    "grant.change", "grant.privileges_count", "grant.privileges", "grant.until", "planned.id",
    "act.kind",
)  # fmt: skip
"""Columns of an event record, in order, between ``v``, ``record`` and ``commitments``. The part of a name before its
first dot is a section; columns of one section stand together. ``…_count`` is the length of the list beside it."""

OPTIONAL_SECTIONS: Final = ("destination", "recipient", "exposure", "grant", "planned", "act")
"""Sections that are null as a whole when all of their columns are absent."""


class DeadLetter(Contract):
    """A message, or one event of it, that cannot be read. It is a leaf too; its bytes lie outside the record.

    ``text`` is for people and never holds contents of the message.
    """

    source: str = Field(description="Source it was read from.")
    partition: Count = Field(description="Partition of the source.")
    offset: Count = Field(description="Offset in the partition.")
    part: Count = Field(description="Index within the message; 0 when the message as a whole cannot be read.")
    reason: str = Field(description="Stable slug, for example invalid-json.")
    text: str = Field(description="What, where (line, column), why, what to do.")
    bytes: Count = Field(description="Length of the message.")
    sha256: Sha256 = Field(description="Commitment, as field `raw`, to the message.")


class Versions(Contract):
    """What a batch was judged with; stands in its range."""

    register_sha256: Sha256 = Field(description="Register version used.")
    rulebook_sha256: Sha256 = Field(description="Rulebook version used.")
    interpretations_sha256: Sha256 = Field(description="Interpretation version used.")
    mmdb_sha256: Sha256 | None = Field(None, description="MMDB file used, if any.")
    program: str = Field(description="Program version.")


class Range(Contract):
    """A contiguous run of positions whose rows are complete: the commit log of a source and partition."""

    id: str = Field(description="Unique per attempt.")
    source: str = Field(description="Source.")
    partition: Count = Field(description="Partition.")
    first: Count = Field(description="First offset.")
    last: Count = Field(description="Last offset, inclusive.")
    messages: Count = Field(description="Messages in it.")
    skipped: Count = Field(description="Offsets without a message: blank lines, control records.")
    events: Count = Field(description="Event records.")
    dead_letters: Count = Field(description="Dead letter records.")
    findings: Count = Field(description="Finding records.")
    merkle_root: Sha256 = Field(
        description=(
            "RFC 6962 root over the leaves: events and dead letters by offset and part, "
            "then findings by offset, part, rule, role."
        )
    )
    messages_hmac: Sha256 = Field(
        description="HMAC-SHA-256, under the pseudonym key, of `messages|` and the SHA-256 (hex) over the SHA-256 (32 "
        "bytes) of each raw message without white space at its end, in order."
    )
    last_message_hmac: Sha256 = Field(
        description="The same of the SHA-256 of the last raw message; of nothing, if there is none. Keyed, because a "
        "plain hash of one message could be guessed."
    )
    register_sha256: Sha256 = Field(description="Register version used.")
    rulebook_sha256: Sha256 = Field(description="Rulebook version used.")
    interpretations_sha256: Sha256 = Field(description="Interpretation version used.")
    mmdb_sha256: Sha256 | None = Field(description="MMDB file used, if any.")
    salt_key_id: str = Field(description="Id of the salt key; first 16 hex digits of SHA-256 of the key.")
    program: str = Field(description="Program version.")
    recorded_at: dt.datetime = Field(description="When the range was recorded, UTC.")
