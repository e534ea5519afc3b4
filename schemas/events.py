"""The events that production systems send: CloudEvents 1.0 in structured JSON, with our data in ``data``.

These models are *the contract*. The fast decoder (`streams.decode`) must give the same verdict and the same values on
every input; a property test holds the two against each other.

Rules that hold for all of them: absent means unknown (never "no", never "domestic"); unknown keys stay in the raw
message and are no error; of duplicate JSON keys the last counts; integers are int64; fractions of a second are cut to
microseconds; a time must carry its zone (RFC 3339).

Identity is CloudEvents ``source`` + ``id``. The position (source, partition, offset, part) is given by whoever reads.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from schemas.base import INT64_MAX

ACCESS: Final = "io.ashiato.access.v1"
TRANSFER: Final = "io.ashiato.transfer.v1"
GRANT: Final = "io.ashiato.grant.v1"
ACT: Final = "io.ashiato.act.v1"
EventType = Literal["io.ashiato.access.v1", "io.ashiato.transfer.v1", "io.ashiato.grant.v1", "io.ashiato.act.v1"]

MAX_MESSAGE_BYTES: Final = 1 << 20
"""A message above 1 MiB is a dead letter."""
MAX_LIST: Final = 10_000
"""No list of one event (fields, user references, approvals) is longer."""

TIME_PATTERN: Final = r"^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d{0,9})?([Zz]|[+-]\d{2}:\d{2})$"
"""RFC 3339 with a mandatory zone. At most 15 digits of a fraction are read, of which six count."""
_TIME = re.compile(TIME_PATTERN, re.ASCII)


def parse_time(text: Any) -> dt.datetime:
    """Return an RFC 3339 text as a UTC instant, its fraction cut (not rounded) to microseconds.

    Raises:
        ValueError: the text is no RFC 3339 time, has no zone, or names a moment that does not exist.
    """
    if isinstance(text, dt.datetime) and text.tzinfo is not None:
        return text.astimezone(dt.UTC)
    if not isinstance(text, str):
        message = "a time must be a text in RFC 3339 form, such as 2026-11-01T09:00:00.123456+09:00"
        raise ValueError(message)  # noqa: TRY004  (pydantic turns ValueError into an error at the field)
    found = _TIME.match(text)
    if found is None or text.endswith("\n"):
        message = "not an RFC 3339 time with a zone, such as 2026-11-01T09:00:00.123456+09:00"
        raise ValueError(message)
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in "Zz" else zone
    moment = dt.datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0').ljust(6, '0')}{zone}")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        message = "the time lies outside the years 1 to 9999 in UTC"
        raise ValueError(message) from None


Time = Annotated[dt.datetime, BeforeValidator(parse_time)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Long = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Int64 = Annotated[int, Field(ge=0, le=INT64_MAX)]
Shorts = Annotated[list[Short], Field(max_length=MAX_LIST)]

ActorKind = Literal["person", "service", "shared", "unknown"]
Action = Literal[
    "read", "query", "export", "create", "change", "delete", "copy", "share", "login", "manage",
    "trail_stop", "trail_delete", "trail_narrow", "trail_retention_cut",
]  # fmt: skip
Outcome = Literal["success", "denied", "failure"]
Persistence = Literal["stored", "transit", "memory"]
ExposedTo = Literal["named_party", "any_account", "public", "government", "unknown"]
GrantChange = Literal["given", "changed", "revoked"]
ActKind = Literal[
    "evidence_read", "register_loaded", "interpretation_changed", "rulebook_changed", "flag_step", "case_step",
    "erasure", "key_change", "store_migrated", "dead_letters_replayed", "range_lost",
]  # fmt: skip


class Message(BaseModel):
    """Base of what others send: strict about types, but unknown keys are no error (they stay in the raw message)."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Principal(Message):
    """Somebody or something known to an identity provider."""

    issuer: Short | None = Field(
        None,
        description="Who vouches for the subject: an IdP, a cloud account, a database. The actor's stands in the "
        "record: no personal data.",
    )
    subject: Short | None = Field(None, description="The name within the issuer: user name, ARN, service account.")
    party: Short | None = Field(
        None, description="The register id of the party it is said to work for; a claim. Kept outside the record."
    )


class Actor(Principal):
    """Who did it."""

    kind: ActorKind | None = Field(None, description="A shared account is an unknown person.")
    role: Short | None = Field(
        None, description="Role or group under which the actor acted. Stands in the record: no personal data."
    )
    on_behalf_of: Principal | None = Field(None, description="For whom a service or a proxy acted.")


class Origin(Message):
    """From where the actor came."""

    ip: Annotated[str, StringConstraints(min_length=2, max_length=45)] | None = Field(
        None, description="Source address, IPv4 or IPv6. Kept outside the record, 180 days."
    )
    country: Country | None = Field(None, description="Country that the sender of the event claims.")


class AssetRef(Message):
    """What was touched: a register id, or a locator that the register resolves."""

    id: Short | None = Field(None, description="Register id of the asset; a locator beside it must name the same one.")
    locator: Long | None = Field(None, description="ARN, URL, `host/db.schema.table`. Kept outside the record.")
    region: Short | None = Field(
        None,
        description="The provider's region name, for example ap-northeast-1. Stands in the record: no personal data.",
    )


class Records(Message):
    """How much, and of whom."""

    count: Int64 | None = Field(None, description="Records touched.")
    fields: Shorts | None = Field(
        None, description="Names of the fields touched. They stand in the record: name nobody."
    )
    users: Shorts | None = Field(
        None, description="References of the users (利用者) concerned. Kept outside the record."
    )


class Exposure(Message):
    """Who else could come to know the data by this event (他人が知り得る状態)."""

    to: ExposedTo | None = Field(
        None,
        description="Named party, any account of a provider, the public, a government, or unknown. "
        "Absent: a government if a system is named, else unknown.",
    )
    party: Short | None = Field(
        None, description="Register id, or a foreign account number, of the named party. Kept outside the record."
    )
    country: Country | None = Field(None, description="Country of the party or government.")
    system: Short | None = Field(
        None, description="For a government: the law or system invoked. Kept outside the record."
    )

    @property
    def exposed_to(self) -> ExposedTo:
        """Return ``to``, or what its absence means: an exposure that does not say to whom is one all the same."""
        return self.to or ("unknown" if self.system is None else "government")


class Temporary(Message):
    """A stay abroad that is meant to end (Q11)."""

    until: Time | None = Field(None, description="When the copy will have been deleted.")
    purpose: Long | None = Field(None, description="What the stay is for.")


class Destination(Message):
    """Where data went."""

    asset: Short | None = Field(None, description="Register id of the receiving asset; see `asset.id`.")
    locator: Long | None = Field(None, description="Locator of the receiving asset. Kept outside the record.")
    region: Short | None = Field(None, description="The provider's region name.")
    party: Short | None = Field(
        None, description="Register id of the receiving party; a claim. Kept outside the record."
    )
    country: Country | None = Field(None, description="Country of the receiving equipment.")
    protocol: Short | None = Field(
        None, description="Protocol, for example https, sftp, kafka. Stands in the record: no personal data."
    )
    encrypted: bool | None = Field(None, description="Encrypted on the way.")
    bytes: Int64 | None = Field(None, description="Bytes transferred.")
    persistence: Persistence | None = Field(
        None, description="Stored, in transit, or in memory; absent counts as stored."
    )
    temporary: Temporary | None = Field(None, description="Set when the copy is meant to be temporary.")


class Data(Message):
    """What access, transfer and grant have in common."""

    actor: Actor = Field(description="Who did it.")
    origin: Origin | None = Field(None, description="From where.")
    asset: AssetRef = Field(description="What was touched.")
    action: Action = Field(description="What was done, in our words.")
    operation: Short | None = Field(
        None,
        description="What was done, in the source system's words: the name of a command, not its text. Stands in the "
        "record: no personal data.",
    )
    outcome: Outcome | None = Field(None, description="Whether it took effect.")
    records: Records | None = Field(None, description="How much, and of whom.")
    purpose: Long | None = Field(None, description="Why, as stated. Kept outside the record.")
    ticket: Short | None = Field(None, description="Work order. Kept outside the record.")
    approval: Shorts | None = Field(None, description="Claims of approval; they count only if the register knows them.")
    exposure: Exposure | None = Field(None, description="Who else could come to know.")


class AccessData(Data):
    """Data of an access event."""


class TransferData(Data):
    """Data of a transfer event."""

    destination: Destination = Field(description="Where the data went.")


class GrantData(Data):
    """Data of a grant event: judged as if the right were used (LINE 2021)."""

    grantee: Principal = Field(description="Who got or lost the right.")
    change: GrantChange = Field(description="Given, changed or revoked.")
    privileges: Shorts | None = Field(
        None,
        description="What the right allows, in the words of the contract's scope. Stand in the record: name nobody.",
    )
    until: Time | None = Field(None, description="When the right ends by itself.")


class ActData(Message):
    """Data of an act in Ashiato itself."""

    actor: Actor = Field(description="Who acted.")
    kind: ActKind = Field(description="What kind of act.")
    subject: Short | None = Field(
        None, description="What it is about: flag, case, version, key id. Kept outside the record."
    )
    why: Long | None = Field(None, description="Reason given. Kept outside the record.")
    details: dict[Short, Short] | None = Field(None, description="Further facts, names to short texts.")


class Envelope(Message):
    """The CloudEvents attributes."""

    specversion: Literal["1.0"] = Field(description="CloudEvents version.")
    id: Short = Field(description="With `source`, the identity of the event. Stands in the record: no personal data.")
    source: Short = Field(description="The producing system, a URI reference. Stands in the record: no personal data.")
    time: Time = Field(description="When it happened, RFC 3339 with zone.")
    subject: Short | None = Field(None, description="CloudEvents subject; not interpreted.")


class AccessEvent(Envelope):
    """Somebody read, queried, exported, changed or deleted data."""

    type: Literal["io.ashiato.access.v1"] = Field(description="The event's type.")
    data: AccessData = Field(description="What was accessed.")


class TransferEvent(Envelope):
    """Data went from one place to another."""

    type: Literal["io.ashiato.transfer.v1"] = Field(description="The event's type.")
    data: TransferData = Field(description="What was transferred.")


class GrantEvent(Envelope):
    """A right to access was given, changed or revoked."""

    type: Literal["io.ashiato.grant.v1"] = Field(description="The event's type.")
    data: GrantData = Field(description="What was granted.")


class ActEvent(Envelope):
    """An act in Ashiato itself."""

    type: Literal["io.ashiato.act.v1"] = Field(description="The event's type.")
    data: ActData = Field(description="What was done.")


Event = Annotated[AccessEvent | TransferEvent | GrantEvent | ActEvent, Field(discriminator="type")]
