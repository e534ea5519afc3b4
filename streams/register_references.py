"""Who refers to whom in a register, and where country codes stand: one table each, walked by one function."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from schemas.countries import INSTEAD, is_assigned
from schemas.register import Entry, Register
from streams.register_versions import Located, entries, key_of, overlap

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not hold together in a register.

    Attributes:
        loc: the way to it: part, index in the part, then keys and indices.
        what: what is wrong.
        why: the reason.
        todo: what to do.
        level: an error refuses the register; a warning tells of a consequence that may not be meant.
    """

    loc: Loc
    what: str
    why: str = ""
    todo: str = ""
    level: Literal["error", "warning"] = "error"


REFERENCES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("services", ("parent",), "services"),
    ("assets", ("service",), "services"),
    ("assets", ("operator",), "parties"),
    ("identities", ("party",), "parties"),
    ("identities", ("contract",), "contracts"),
    ("parties", ("principal",), "parties"),
    ("contracts", ("party",), "parties"),
    ("contracts", ("scope", "assets"), "assets"),
    ("contracts", ("resub_approvals", "party"), "parties"),
    ("policy", ("party",), "parties"),
    ("planned_transfers", ("assets",), "assets"),
    ("planned_transfers", ("recipients",), "parties"),
    ("networks", ("party",), "parties"),
    ("regions", ("provider",), "parties"),
)
"""Part, way to the id, and the part that it must be an id of. Lists on the way are walked; ``*`` refers to all."""

COUNTRY_FIELDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("assets", ("equipment_country",)),
    ("identities", ("home_country",)),
    ("parties", ("contracting_country",)),
    ("parties", ("operating_country",)),
    ("parties", ("parent_country",)),
    ("contracts", ("scope", "countries")),
    ("countries", ("code",)),
    ("policy", ("country",)),
    ("planned_transfers", ("countries",)),
    ("networks", ("country",)),
    ("regions", ("country",)),
)
"""Part and way to each country code. ``*`` stands for all countries."""

SINGULAR: Final = {
    "carrier": "carrier", "services": "service", "assets": "asset", "identities": "identity", "parties": "party",
    "contracts": "contract", "countries": "country", "policy": "policy line", "planned_transfers": "planned transfer",
    "networks": "network", "regions": "region",
}  # fmt: skip
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
FILL_IN: Final = "FILL-IN"
"""Stands in a stub where a person must write something."""
MOST_CANDIDATES: Final = 2000
"""Among more ids than this no similar one is looked for."""


def values(entry: object, path: Sequence[str]) -> Iterator[tuple[Loc, Any]]:
    """Yield way and value of everything at ``path`` of an entry, or of its plain data, that is there; lists walked."""
    if entry is None:
        return
    if isinstance(entry, tuple | list):
        for index, item in enumerate(entry):
            for loc, value in values(item, path):
                yield (index, *loc), value
    elif path:
        inner = entry.get(path[0]) if isinstance(entry, dict) else getattr(entry, path[0], None)
        for loc, value in values(inner, path[1:]):
            yield (path[0], *loc), value
    else:
        yield (), entry


def closest(word: str, known: Collection[str]) -> str:
    """Return ``did you mean …?`` with the known word most like ``word``, or nothing."""
    if len(known) > MOST_CANDIDATES:
        return ""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else ""


def check_references(register: Register, elsewhere: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield every id that no entry has, or that none has at the time.

    Args:
        register: the register.
        elsewhere: ids, by part, of entries that exist but are broken themselves: they count as known.
    """
    known: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for located in entries(register):
        known[located.part][key_of(located.entry)].append(located.entry)
    for part, path, target in REFERENCES:
        for index, entry in enumerate(getattr(register, part)):
            for loc, wanted in values(entry, path):
                if wanted == "*" or wanted in elsewhere.get(target, ()):
                    continue
                at = (part, index, *loc)
                candidates = known[target].get(wanted, [])
                if candidates:
                    yield from _check_times(at, entry, wanted, target, candidates)
                else:
                    yield _unknown(at, wanted, target, {*known[target], *elsewhere.get(target, ())})


def _unknown(at: Loc, wanted: str, target: str, known: Collection[str]) -> Problem:
    todo = closest(wanted, known) or f"add it under {target}"
    return Problem(at, f'there is no {SINGULAR[target]} "{wanted}"', "no entry has this id", todo)


def check_plain(part: str, data: object, known: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield unknown ids and country codes of an entry that could not be read; ``loc`` begins within the entry.

    Its contract has told the rest, but stops at what cannot be read: this looks at what can.

    Args:
        part: the part it belongs to.
        data: its plain data, of any form.
        known: ids by part, those of broken entries included.
    """
    for of, path, target in REFERENCES:
        for loc, wanted in values(data, path) if of == part else ():
            if isinstance(wanted, str) and ID.fullmatch(wanted) and wanted not in known.get(target, ()):
                yield _unknown(loc, wanted, target, known.get(target, ()))
    for of, path in COUNTRY_FIELDS:
        for loc, code in values(data, path) if of == part else ():
            if isinstance(code, str) and COUNTRY.fullmatch(code) and not is_assigned(code):
                yield _unassigned(loc, code)


def _check_times(at: Loc, entry: Entry, wanted: str, target: str, candidates: list[Entry]) -> Iterator[Problem]:
    """Yield a problem if what is referred to never holds while ``entry`` does, a warning if not always."""
    name = f'the {SINGULAR[target]} "{wanted}"'
    if not any(overlap(entry, candidate) for candidate in candidates):
        todo = "set valid_from and valid_to so that they meet"
        yield Problem(at, f"{name} never holds while this entry does", "their validity does not overlap", todo)
    elif not _covered(entry, candidates):
        why = "its validity does not cover this entry's; in the rest of the time it counts as unknown"
        yield Problem(
            at, f"{name} does not hold all the time that this entry does", why, "check both periods", "warning"
        )


def _covered(entry: Entry, candidates: list[Entry]) -> bool:
    """Return whether the candidates together hold on every day of the entry's validity."""
    day = entry.valid_from
    for candidate in sorted(candidates, key=lambda item: item.valid_from):
        if candidate.valid_from > day:
            return False
        if candidate.valid_to is None:
            return True
        day = max(day, candidate.valid_to)
        if entry.valid_to is not None and day >= entry.valid_to:
            return True
    return False


def check_countries(register: Register) -> Iterator[Problem]:
    """Yield every country code that ISO 3166-1 does not assign."""
    for part, path in COUNTRY_FIELDS:
        for index, entry in enumerate(getattr(register, part)):
            for loc, code in values(entry, path):
                if code != "*" and not is_assigned(code):
                    yield _unassigned((part, index, *loc), code)


def _unassigned(at: Loc, code: str) -> Problem:
    todo = f"write {INSTEAD[code]}" if code in INSTEAD else "look up the alpha-2 code"
    return Problem(at, f"{code} is not a country code", "ISO 3166-1 does not assign it", todo)


def check_overlaps(register: Register) -> Iterator[Problem]:
    """Yield entries of one kind and key whose validity overlaps: which of them would hold?"""
    groups: dict[tuple[str, str], list[Located]] = defaultdict(list)
    for located in entries(register):
        groups[located.part, key_of(located.entry)].append(located)
    for (part, key), group in groups.items():
        group.sort(key=lambda located: located.entry.valid_from)
        lasting = group[0].entry
        for later in group[1:]:
            if overlap(lasting, later.entry):
                what = f'the {SINGULAR[part]} "{key}" is there twice at the same time'
                why = f"another entry holds from {lasting.valid_from} {_end(lasting)}"
                yield Problem((part, later.index), what, why, f"end that one with valid_to: {later.entry.valid_from}")
            lasting = max(lasting, later.entry, key=lambda entry: entry.valid_to or dt.date.max)


def _end(entry: Entry) -> str:
    return f"to {entry.valid_to}" if entry.valid_to else "on, without an end"
