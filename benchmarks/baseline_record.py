"""Recording in the baseline: commitments, records and leaf hashes of one event at a time, with hashlib and hmac."""

from __future__ import annotations

import hashlib
import hmac
from itertools import groupby
from typing import Any, Final

import msgspec

from benchmarks.baseline_events import Row
from benchmarks.baseline_facts import both
from benchmarks.baseline_rules import Found, written
from schemas.findings import PARTY_OF, country_of
from schemas.records import (
    COMMITTED,
    MAX_LIST_BYTES,
    OPTIONAL_SECTIONS,
    RECORD_COLUMNS,
    RECORD_VERSION,
    Clock,
    Versions,
)
from streams.commit import Keys, clock_commitment_of, commitment_of, salt_of

Position = tuple[str, int, int, int]
CLOCKS: Final[tuple[Clock, ...]] = ("short", "long")
NAMES: Final = {clock: [name for name, own in COMMITTED.items() if own == clock] for clock in CLOCKS}
TIMES: Final = ("event.time", "destination.temporary.until", "grant.until")
LISTS: Final = ("records.fields", "grant.privileges")

_WRITE: Final = msgspec.json.Encoder().encode
_SECTIONS: Final = [
    (section, [(name.removeprefix(f"{section}."), name) for name in names])
    for section, names in groupby(RECORD_COLUMNS, lambda name: name.partition(".")[0] if "." in name else "")
]


def keyed(kind: str, value: str, keys: Keys) -> str:
    """Return HMAC-SHA-256 under the pseudonym key, 64 hex digits."""
    return hmac.digest(keys.pseudonym_key.encode(), f"{kind}|{value}".encode(), "sha256").hex()


def event_record(
    row: Row, raw: tuple[bytes, str], position: Position, content: str, keys: Keys
) -> tuple[bytes, dict[Clock, Row]]:
    """Return the record of an event, and what lies outside it: by clock, the salt and the values that it commits to.

    ``raw`` is the message, and its SHA-256 (hex) without white space at its end.
    """
    outside = _outside(row, raw[0], position, keys)
    values: Row = {**row, "position.offset": position[2], "position.part": position[3], "event.content": content[:32]}
    values["position.source"], values["position.partition"] = position[:2]
    for name in LISTS:
        if name in row:
            values[f"{name}_count"] = len(row[name])
        if name in outside["long"]:
            values[name] = None
    for name in TIMES:
        if name in row:
            values[name] = written(row[name])
    record: Row = {"v": RECORD_VERSION, "record": "event"}
    for section, columns in _SECTIONS:
        part = {key: values.get(name) for key, name in columns}
        if not section:
            record |= part
        else:
            empty = section in OPTIONAL_SECTIONS and all(value is None for value in part.values())
            record[section] = None if empty else part
    record["commitments"] = {clock: _commitment(outside[clock], raw[1]) for clock in CLOCKS}
    return _WRITE(record), outside


def _outside(row: Row, raw: bytes, position: Position, keys: Keys) -> dict[Clock, Row]:
    present: Row = {name: row[name] for name in COMMITTED if name in row and name not in LISTS}
    present["raw"] = raw.decode()
    for name in ("records.users", *LISTS):
        if name in row:
            text = _WRITE(row[name]).decode()
            if name == "records.users" or len(text.encode()) > MAX_LIST_BYTES:
                present[name] = text
    return {
        clock: {"salt": salt_of(position, clock, keys), **{name: present[name] for name in names if name in present}}
        for clock, names in NAMES.items()
    }


def _commitment(outside: Row, raw_sha256: str) -> str:
    values = {**outside, "raw": raw_sha256} if "raw" in outside else dict(outside)
    salt = values.pop("salt")
    fields = (commitment_of(salt, name, value.encode()) for name, value in values.items())
    return clock_commitment_of(fields)


def identity_of(row: Row) -> str:
    """Return SHA-256 (hex) over CloudEvents source and id."""
    return hashlib.sha256(both(row["event.source"], row["event.id"]).encode()).hexdigest()


def finding_record(found: Found, row: Row, position: Position, content: str, versions: Versions) -> bytes:
    """Return the record of a finding; ``content`` is the keyed hash of the event's."""
    rule, role = found.part.rule, found.part.role
    record: dict[str, Any] = {"v": RECORD_VERSION, "record": "finding"}
    record |= zip(("source", "partition", "offset", "part"), position, strict=True)
    record |= {
        "rule": rule.id,
        "rule_version": rule.version,
        "rule_sha256": rule.sha256,
        "role": role,
        "level": rule.level,
        "event_identity": identity_of(row),
        "event_content": content[:32],
        "event_time": written(row["event.time"]),
        "asset": row.get("asset.key"),
        "party": row.get(PARTY_OF[role]),
        "country": row.get(country_of(role, rule.block.policy_item) or ""),
        "policy_item": rule.block.policy_item,
        "episode": found.episode,
        "register_sha256": versions.register_sha256,
        "interpretations_sha256": versions.interpretations_sha256,
        "facts": msgspec.Raw(found.facts.encode()),
    }
    return _WRITE(record)
