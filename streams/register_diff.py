"""What changed from one register to another, entry by entry and field by field."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from schemas.register import Entry, Register
from streams.register_versions import entries, key_of, reference


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        part: part of the register.
        entry: the entry, as it is cited: ``assets/crm-db@2025-04-01`` (of the later register, if it is there).
        change: whether the entry, or one field of it, was added, removed or changed.
        field: the field, dotted, with list indices in brackets; empty for a whole entry.
        before: its value before, as JSON; absent if it was not there.
        after: its value after, as JSON; absent if it is not there.
    """

    part: str
    entry: str
    change: Literal["added", "removed", "changed"]
    field: str = ""
    before: str | None = None
    after: str | None = None


def diff(before: Register, after: Register) -> list[Change]:
    """Return what must change in ``before`` to become ``after``, part by part, key by key, in order of time.

    An entry is the same if part, key and first day are; of what is left over, entries of one key are paired in order
    of time, so that a corrected first day shows as a change of ``valid_from``.
    """
    old, new = _by_key(before), _by_key(after)
    ranks = {part: rank for rank, part in enumerate(Register.model_fields)}
    keys = sorted({*old, *new}, key=lambda item: (ranks[item[0]], item[1]))
    return [change for key in keys for change in _key_changes(key[0], old.get(key, []), new.get(key, []))]


def _by_key(register: Register) -> dict[tuple[str, str], list[Entry]]:
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for located in entries(register):
        found[located.part, key_of(located.entry)].append(located.entry)
    for group in found.values():
        group.sort(key=lambda entry: entry.valid_from)
    return found


def _key_changes(part: str, old: list[Entry], new: list[Entry]) -> Iterator[Change]:
    """Yield the changes in the history of one key."""
    days = {entry.valid_from for entry in old} & {entry.valid_from for entry in new}
    pairs = [
        *zip(_on(old, days), _on(new, days), strict=True),
        *zip(_not_on(old, days), _not_on(new, days), strict=False),
    ]
    paired = {id(entry) for pair in pairs for entry in pair}
    for entry in old:
        if id(entry) not in paired:
            yield Change(part, reference(part, entry), "removed", before=_whole(entry))
    for first, second in pairs:
        yield from _field_changes(part, first, second)
    for entry in new:
        if id(entry) not in paired:
            yield Change(part, reference(part, entry), "added", after=_whole(entry))


def _on(group: list[Entry], days: set[Any]) -> list[Entry]:
    return [entry for entry in group if entry.valid_from in days]


def _not_on(group: list[Entry], days: set[Any]) -> list[Entry]:
    return [entry for entry in group if entry.valid_from not in days]


def _field_changes(part: str, before: Entry, after: Entry) -> Iterator[Change]:
    """Yield the fields of one entry that changed."""
    old, new = dict(_fields(before.model_dump(mode="json"))), dict(_fields(after.model_dump(mode="json")))
    name = reference(part, after)
    for field in [*old, *(field for field in new if field not in old)]:
        was, is_now = old.get(field), new.get(field)
        if was != is_now:
            change: Literal["added", "removed", "changed"] = (
                "added" if was is None else "removed" if is_now is None else "changed"
            )
            yield Change(part, name, change, field, was, is_now)


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield way and JSON text of each value that is there; lists of plain values stay whole."""
    if value is None or value == []:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for index, inner in enumerate(value):
            yield from _fields(inner, f"{path}[{index}]")
    else:
        yield path, _json(value)


def _whole(entry: Entry) -> str:
    return _json(entry.model_dump(mode="json", exclude_none=True))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
