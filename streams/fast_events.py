"""The events of `schemas.events` again, as structs that are read and written a hundred times faster.

The pydantic models are the contract; these structs say the same to msgspec. A test holds the two against each other
field by field, bound by bound. Two differences are meant:

* a time stays the text of the sender: it is read for a whole batch at once (`streams.times`);
* ``specversion``, ``type`` and ``subject`` of the envelope decide or decorate, and are no columns.

A message that msgspec admits is admitted by the contract, with the same values, except for what `streams.decode`
looks for afterwards (bytes that are no UTF-8, nesting and numbers beyond the limits in keys that nobody reads, times).
A message that msgspec refuses may still be valid; then the contract decides.
"""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from schemas import events
from schemas.base import INT64_MAX
from schemas.events import (
    MAX_LIST,
    Action,
    ActKind,
    ActorKind,
    ExposedTo,
    GrantChange,
    Outcome,
    Persistence,
)

if TYPE_CHECKING:
    Country: TypeAlias = str
else:
    # All 676 pairs of letters: a look-up in a table, faster than a regular expression and without a new text each.
    Country = Literal[tuple(first + second for first in ascii_uppercase for second in ascii_uppercase)]

Short = Annotated[str, Meta(min_length=1, max_length=256)]
Long = Annotated[str, Meta(min_length=1, max_length=4096)]
Address = Annotated[str, Meta(min_length=2, max_length=45)]
Int64 = Annotated[int, Meta(ge=0, le=INT64_MAX)]
Shorts = Annotated[list[Short], Meta(max_length=MAX_LIST)]


class _Part(Struct, omit_defaults=True, gc=False):
    """Base of all structs: absent values are not written, and no reference cycle is possible."""


class Principal(_Part, kw_only=True):
    """See `schemas.events.Principal`."""

    issuer: Short | None = None
    subject: Short | None = None
    party: Short | None = None


class Actor(Principal, kw_only=True):
    """See `schemas.events.Actor`."""

    kind: ActorKind | None = None
    role: Short | None = None
    on_behalf_of: Principal | None = None


class Origin(_Part, kw_only=True):
    """See `schemas.events.Origin`."""

    ip: Address | None = None
    country: Country | None = None


class AssetRef(_Part, kw_only=True):
    """See `schemas.events.AssetRef`."""

    id: Short | None = None
    locator: Long | None = None
    region: Short | None = None


class Records(_Part, kw_only=True):
    """See `schemas.events.Records`."""

    count: Int64 | None = None
    fields: Shorts | None = None
    users: Shorts | None = None


class Exposure(_Part, kw_only=True):
    """See `schemas.events.Exposure`."""

    to: ExposedTo | None = None
    party: Short | None = None
    country: Country | None = None
    system: Short | None = None


class Temporary(_Part, kw_only=True):
    """See `schemas.events.Temporary`."""

    until: str | None = None
    purpose: Long | None = None


class Destination(_Part, kw_only=True):
    """See `schemas.events.Destination`."""

    asset: Short | None = None
    locator: Long | None = None
    region: Short | None = None
    party: Short | None = None
    country: Country | None = None
    protocol: Short | None = None
    encrypted: bool | None = None
    bytes: Int64 | None = None
    persistence: Persistence | None = None
    temporary: Temporary | None = None


class AccessData(_Part, kw_only=True):
    """See `schemas.events.AccessData`."""

    actor: Actor
    origin: Origin | None = None
    asset: AssetRef
    action: Action
    operation: Short | None = None
    outcome: Outcome | None = None
    records: Records | None = None
    purpose: Long | None = None
    ticket: Short | None = None
    approval: Shorts | None = None
    exposure: Exposure | None = None


class TransferData(AccessData, kw_only=True):
    """See `schemas.events.TransferData`."""

    destination: Destination


class GrantData(AccessData, kw_only=True):
    """See `schemas.events.GrantData`."""

    grantee: Principal
    change: GrantChange
    privileges: Shorts | None = None
    until: str | None = None


class ActData(_Part, kw_only=True):
    """See `schemas.events.ActData`."""

    actor: Actor
    kind: ActKind
    subject: Short | None = None
    why: Long | None = None
    details: dict[Short, Short] | None = None


class _Envelope(_Part, tag_field="type", kw_only=True):
    specversion: Literal["1.0"]
    id: Short
    source: Short
    time: str
    subject: Short | None = None


class AccessEvent(_Envelope, tag=events.ACCESS, kw_only=True):
    """See `schemas.events.AccessEvent`."""

    data: AccessData


class TransferEvent(_Envelope, tag=events.TRANSFER, kw_only=True):
    """See `schemas.events.TransferEvent`."""

    data: TransferData


class GrantEvent(_Envelope, tag=events.GRANT, kw_only=True):
    """See `schemas.events.GrantEvent`."""

    data: GrantData


class ActEvent(_Envelope, tag=events.ACT, kw_only=True):
    """See `schemas.events.ActEvent`."""

    data: ActData


FastEvent: TypeAlias = AccessEvent | TransferEvent | GrantEvent | ActEvent

KINDS: Final[dict[type[Any], str]] = {
    AccessEvent: "access",
    TransferEvent: "transfer",
    GrantEvent: "grant",
    ActEvent: "act",
}
"""`event.kind` of each struct."""
