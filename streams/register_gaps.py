"""What the register would have to say so that events are no longer unknown: grouped, ranked, each with a stub.

A stub is an entry as YAML that holds only what the evidence shows. What the carrier must say itself is either absent
(absent facts are unknown facts) or, where an entry cannot do without it, the word FILL-IN, which `register check`
refuses at its line: nothing that was not said can slip into the register.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from schemas.base import TOKYO
from streams.register_references import FILL_IN

GapKind = Literal["asset", "asset_id", "identity", "party", "network", "region", "country"]
"""asset: named by a locator; asset_id: claimed by a register id; party: claimed by an id or an account."""
GAP_KINDS: Final[tuple[GapKind, ...]] = get_args(GapKind)

LONGEST_ID: Final = 40
"""Longest id that a stub proposes."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that events name and the register does not know.

    Attributes:
        kind: what it is; it decides which part of the register would know it.
        name: locator or claimed id of an asset, subject of an identity, claimed id of a party, address, region name,
            country code; None once its clock has erased it.
        issuer: who vouches for the subject of an identity.
        key: the pseudonym that stays when the name is erased.
        events: events that name it.
        sui_events: those of them that may concern specified user information: an unknown category counts.
        first: time of the first of them, with zone.
        last: time of the last of them, with zone.
    """

    kind: GapKind
    name: str | None
    issuer: str | None
    key: str
    events: int
    sui_events: int
    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """One group of unknowns that one entry would close.

    Attributes:
        kind: what is unknown.
        name: what stands for the group: a pattern, an address range, a name.
        names: how many different names are in it.
        events: events that name them.
        sui_events: those that may concern specified user information.
        first: time of the first event.
        last: time of the last event.
        stub: the entry as YAML, to be filled in.
    """

    kind: GapKind
    name: str
    names: int
    events: int
    sui_events: int
    first: dt.datetime
    last: dt.datetime
    stub: str


def gaps(unknowns: Iterable[Unknown]) -> list[Gap]:
    """Return the groups, those that concern the most specified user information first."""
    groups: dict[tuple[GapKind, str, str], list[Unknown]] = defaultdict(list)
    for unknown in unknowns:
        groups[unknown.kind, unknown.issuer or "", family(unknown)].append(unknown)
    found = [_gap(kind, name, members) for (kind, _, name), members in groups.items()]
    return sorted(found, key=lambda gap: (-gap.sui_events, -gap.events, gap.kind, gap.name))


def _gap(kind: GapKind, name: str, members: list[Unknown]) -> Gap:
    first, last = min(member.first for member in members), max(member.last for member in members)
    return Gap(
        kind=kind,
        name=name,
        names=len(members),
        events=sum(member.events for member in members),
        sui_events=sum(member.sui_events for member in members),
        first=first,
        last=last,
        stub=STUBS[kind](name, members[0], first.astimezone(TOKYO).date()),
    )


def family(unknown: Unknown) -> str:
    """Return what stands for all unknowns that one entry would cover: a pattern, a range, or the name itself."""
    name = unknown.name
    if name is None:
        return unknown.key
    if unknown.kind == "asset":
        return _locator_family(name)
    if unknown.kind == "identity":
        return _SESSION.sub(r"\1*", name)
    if unknown.kind == "network":
        return _range(name)
    return name


_OBJECT: Final = re.compile(r"(arn:[^:]*:s3:::[^/*?]+)(?:/|$)|([a-z][a-z0-9+.-]*://[^/?*]+)/", re.DOTALL)
"""The bucket of an object, the host of an address: what follows is too fine for a register."""
_ACCOUNT: Final = re.compile(r"[a-z]+:[0-9]{6,}")
"""An account at a provider rather than a register id."""
_UNNAMED: Final = ":unnamed"
"""End of the key of what an event does not name at all."""
_SESSION: Final = re.compile(r"^(arn:[^:]*:sts::\d+:assumed-role/[^/]+/).*$", re.DOTALL)


def _locator_family(locator: str) -> str:
    found = _OBJECT.match(locator)
    return f"{found[1] or found[2]}/*" if found else locator


def _range(address: str) -> str:
    """Return the /24 or /48 that an address is in."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False))


def _text(value: str) -> str:
    """Return a text in double quotes as YAML reads it (§7.3.1); what cannot be seen is written as its code point."""
    return '"' + "".join(_sign(sign) for sign in value) + '"'


def _sign(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def _id(name: str) -> str:
    """Return an id made of the last words of a name."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if len(words) > LONGEST_ID:
        words = words[-LONGEST_ID:].partition("-")[2] or words[-LONGEST_ID:]
    return words or "new"


def _asset(name: str, one: Unknown, day: dt.date) -> str:
    if one.name is None:
        return _erased("assets", one)
    patterns = [name.removesuffix("/*"), name] if name.endswith("/*") else [name]
    locators = ", ".join(f"{{pattern: {_text(pattern)}}}" for pattern in patterns)
    return _asset_entry(_text(_id(name)), locators, day)


def _asset_id(name: str, _: Unknown, day: dt.date) -> str:
    return _asset_entry(_text(name), "", day)


def _asset_entry(name: str, locators: str, day: dt.date) -> str:
    return f"""assets:
  - id: {name}
    valid_from: {day}
    name: {FILL_IN}
    locators: [{locators}]
    service:            # id of the service in relation to which the data was acquired
    category:           # "1" secrecy of communications, "2" identifies a user, both, none; or describe it:
    identifiers: []     # account_id, contract_id, phone, email, name, cookie_id, ip_address, …
    linked_to_account:  # true or false
    searchable_collection:
    relates_to_communication:
    natural_persons:
    equipment_country:  # where the equipment stands
    operator:           # id of the party that operates it
    storage_service:    # true for object stores, file shares and the like of a provider
"""


def _identity(name: str, one: Unknown, day: dt.date) -> str:
    if one.name is None:
        return _erased("identities", one)
    return f"""identities:
  - id: {FILL_IN}
    valid_from: {day}
    issuer: {_text(one.issuer or FILL_IN)}
    subject: {_text(name)}
    party:         # id of the party they work for
    home_country:  # country of their home office
    contract:      # id of the contract they work under
    shared: false  # true for an account that several people use
"""


def _party(name: str, one: Unknown, day: dt.date) -> str:
    if one.name is None:
        return _erased("parties", one)
    is_account = _ACCOUNT.fullmatch(name) is not None
    accounts = f"\n    accounts: [{_text(name)}]  # add it to the party, if the register has it" if is_account else ""
    return f"""parties:
  - id: {FILL_IN if is_account else _text(name)}{accounts}
    valid_from: {day}
    name: {FILL_IN}
    kind: {FILL_IN}  # own, subcontractor, re_subcontractor, cloud_provider, group_company, government, other
    contracting_country:  # where the entity that signs is located
    operating_country:    # where the entity that does the work is located
    parent_country:
"""


def _network(name: str, one: Unknown, day: dt.date) -> str:
    if one.name is None:
        return _erased("networks", one)
    return f"""networks:
  - id: {_id(f"net-{name}")}
    valid_from: {day}
    cidr: {_text(name)}
    country:  # where its hosts stand
    party:    # whose hosts they are
    place:
"""


def _region(name: str, _: Unknown, day: dt.date) -> str:
    return f"""regions:
  - provider: {FILL_IN}  # id of the provider's party
    valid_from: {day}
    name: {_text(name)}
    country: {FILL_IN}
"""


def _country(name: str, _: Unknown, day: dt.date) -> str:
    return f"""countries:
  - code: {_text(name)}
    valid_from: {day}
    affecting: unknown  # yes or no, once assessed
    sources: []         # for example {{kind: ppc_survey, url: …, dated: {day}}}
    assessed_on:
    assessed_by:
    in_use_from:        # first day of planned use
"""


def together(gaps: Iterable[Gap]) -> str:
    """Return the stubs of gaps as one YAML text in which each part of the register stands once."""
    remarks, parts = list[str](), dict[str, list[str]]()
    for gap in gaps:
        head, _, entry = gap.stub.partition("\n")
        if head.startswith("#"):
            remarks.append(gap.stub)
        else:
            parts.setdefault(head, []).append(f"  # {gap.events} event(s)\n{entry}")
    return "".join([*remarks, *("".join([f"{head}\n", *entries]) for head, entries in parts.items())])


def _erased(part: str, one: Unknown) -> str:
    if one.key.endswith(_UNNAMED):
        return f"# {part}: the events name none; only their source can say it\n"
    return f"# {part}: the name behind {one.key} has been erased under its clock; wait for a new event, or look it up\n"


STUBS: Final[dict[GapKind, Callable[[str, Unknown, dt.date], str]]] = {
    "asset": _asset,
    "asset_id": _asset_id,
    "identity": _identity,
    "party": _party,
    "network": _network,
    "region": _region,
    "country": _country,
}
"""Kind → stub of name, one member and first day."""
