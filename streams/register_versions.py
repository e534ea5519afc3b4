"""What names a version of the register or of the interpretations, and how their entries are named.

Canonical JSON has sorted keys, no blanks and is UTF-8; its SHA-256 names the content.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from schemas.base import tokyo_midnight
from schemas.interpretations import Interpretations
from schemas.register import Carrier, Country, Entry, NamedEntry, PolicyLine, Region, Register, RegisterVersion

EMPTY_REGISTER: Final = Register()
"""A register that knows nothing: under it everything is unknown."""

DEFAULT_INTERPRETATIONS: Final = Interpretations()
"""The defaults of every setting."""

PARTS: Final = tuple(Register.model_fields)
"""Names of the register's parts, in their order: carrier, services, assets, …"""


@dataclass(frozen=True, slots=True)
class Located:
    """One entry of a register: the part it is in, its index there, and itself."""

    part: str
    index: int
    entry: Entry


def canonical_json(model: BaseModel) -> str:
    """Return the one JSON text of a model's content, defaults written out."""
    plain = model.model_dump(mode="json")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_sha256(model: BaseModel) -> str:
    """Return SHA-256 (64 hex digits) over the canonical JSON of a model."""
    return hashlib.sha256(canonical_json(model).encode()).hexdigest()


def register_from_json(text: str) -> Register:
    """Return the register that `canonical_json` wrote.

    Raises:
        pydantic.ValidationError: the text is no register of this program's version.
    """
    return Register.model_validate_json(text)


def interpretations_from_json(text: str) -> Interpretations:
    """Return the interpretations that `canonical_json` wrote.

    Raises:
        pydantic.ValidationError: the text holds no interpretations of this program's version.
    """
    return Interpretations.model_validate_json(text)


def version_of(register: Register, recorded_at: dt.datetime) -> RegisterVersion:
    """Return the version that loading ``register`` at ``recorded_at`` (UTC) makes."""
    count = sum(1 for _ in entries(register))
    return RegisterVersion(sha256=content_sha256(register), recorded_at=recorded_at, entries=count)


def entries(register: Register) -> Iterator[Located]:
    """Yield every entry, part by part."""
    for part in PARTS:
        for index, entry in enumerate(getattr(register, part)):
            yield Located(part, index, entry)


def key_of(entry: Entry) -> str:
    """Return the name that an entry's history is kept under: its id, a country's code, a region's provider/name."""
    match entry:
        case NamedEntry() | PolicyLine():
            return entry.id
        case Country():
            return entry.code
        case Region():
            return f"{entry.provider}/{entry.name}"
        case Carrier():
            return "carrier"
        case _:
            raise TypeError(f"{type(entry).__name__} is no entry of a register")


def reference(part: str, entry: Entry) -> str:
    """Return how an entry is cited: ``assets/crm-db@2025-04-01``, part, key and first day of validity."""
    return f"{part}/{key_of(entry)}@{entry.valid_from.isoformat()}"


def valid_at(entry: Entry, moment: dt.datetime) -> bool:
    """Return whether an entry holds at ``moment`` (with zone): from midnight in Japan of its first day on."""
    if moment < tokyo_midnight(entry.valid_from):
        return False
    return entry.valid_to is None or moment < tokyo_midnight(entry.valid_to)


def overlap(a: Entry, b: Entry) -> bool:
    """Return whether there is a day on which both entries hold."""
    a_goes_on = a.valid_to is None or b.valid_from < a.valid_to
    b_goes_on = b.valid_to is None or a.valid_from < b.valid_to
    return a_goes_on and b_goes_on


def ordered(register: Register) -> Register:
    """Return the register with each part sorted by key and first day, so that the layout of files does not matter."""
    return Register(
        **{
            part: tuple(sorted(getattr(register, part), key=lambda entry: (key_of(entry), entry.valid_from)))
            for part in PARTS
        }
    )
