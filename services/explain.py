"""Explain a flag: look the event up again as it was looked up then, and say why the rule matched."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import polars as pl

from schemas.errors import EvidenceError, ManyErrors, RuleError, UsageError
from schemas.facts import COLUMNS, EVENT
from schemas.interpretations import Interpretations
from schemas.register import Register
from services.cli_support import cell
from services.context import DISTRIBUTION
from services.explain_page import ERASED, Page, columns_of_event
from services.geo import Geo
from services.kept import Kept, kept
from services.store import Store
from services.store_keys import reading_keys_of
from streams.adapt import detect
from streams.batch import RawBatch
from streams.citations import Citations
from streams.decode import decode
from streams.explain import Language, detection_of, explain, looked_up
from streams.judge import shown
from streams.register_index import RegisterIndex, no_geo
from streams.register_versions import (
    EMPTY_REGISTER,
    content_sha256,
    interpretations_from_json,
    register_from_json,
)
from streams.rules import Rule, Rulebook, rulebook_from_json
from streams.selections import row_frame

EVENT_FIELDS: Final = tuple(column.name for column in EVENT)
REVIEWED: Final = "event.contents"
"""Set by the review of identities, which looks at all events; one event alone does not tell it."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What is known of an event: its columns by name, where its facts come from, and what the reader must know."""

    row: Mapping[str, Any]
    sources: Mapping[str, str]
    register: Register
    notes: tuple[str, ...] = ()


def explain_flag(
    store: Store,
    rulebook: Rulebook,
    flag: Mapping[str, Any],
    *,
    number: int = 1,
    language: Language = "en",
    mmdb: Path | None = None,
) -> Page:
    """Return the page that explains one event of a flag.

    Args:
        store: where the flag is.
        rulebook: the rules of this program.
        flag: a row of the view ``flags``.
        number: which of its events, from 1, in the order of their times.
        language: of reason and readings.
        mmdb: the operator's file of addresses and countries, if events were judged with one.

    Raises:
        UsageError: the flag has no such event, or its rule is not among these rules.
        EvidenceError: what is looked up now is not what the finding says, though nothing that it rests on has changed.
    """
    evidence = kept(store, flag, number)
    rule = _rule(store, rulebook, flag["rule"], evidence)
    known = _looked_up(store, evidence, mmdb)
    said = explain(
        rule,
        detection_of(rule.text, rule.path),
        flag["role"],
        known.row,
        sources=known.sources,
        citations=Citations(known.register),
        language=language,
    )
    return Page(
        head=_head(flag, number),
        event=columns_of_event(known.row, EVENT_FIELDS, evidence.erased),
        explanation=said,
        evidence=_evidence(evidence, flag),
        notes=(*known.notes, *_changed(rule, evidence)),
    )


def _rule(store: Store, rulebook: Rulebook, name: str, evidence: Kept) -> Rule:
    """Return the rule that judged: this program's, if it is the same, else the one kept with the evidence."""
    rule = rulebook.get(name)
    if rule is not None and rule.sha256 == evidence.finding["rule_sha256"]:
        return rule
    content = store.version_content("rulebook", evidence.range["rulebook_sha256"])
    with suppress(RuleError, ManyErrors):  # written for columns that this program no longer has
        rule = (rulebook_from_json(content).get(name) if content else None) or rule
    if rule is None:
        todo = "use the program version that judged: ashiato query 'SELECT DISTINCT program FROM ranges'"
        raise UsageError(f"this program has no rule {name}", why="it was retired", todo=todo)
    return rule


def _looked_up(store: Store, evidence: Kept, mmdb: Path | None) -> LookedUp:
    """Look the event up with the versions that judged it; without its message, take what the finding says."""
    versions = _versions(store, evidence.finding)
    if versions is None:
        return _as_recorded(evidence, "The register or the settings that judged are not in this store.")
    if evidence.raw is None:
        return _as_recorded(evidence, "The message has been erased.", versions[0])
    geo = Geo(mmdb) if mmdb else None
    index = RegisterIndex(*versions, geo or no_geo)
    position = {name: evidence.finding[f"position.{name}"] for name in ("source", "partition", "offset", "part")}
    event = _decoded(evidence.raw, position)
    row, sources = looked_up(event, index, reading_keys_of(store))
    row[REVIEWED], sources[REVIEWED] = evidence.finding["facts"].get(REVIEWED), "review of identities"
    other = _differing(row, evidence.finding["facts"])
    if not other:
        return LookedUp(row, sources, versions[0])
    since = _changed_since(evidence, geo)
    if not since:
        raise EvidenceError(
            "the kept message does not lead to the recorded finding", where=evidence.where,
            why=f"these facts differ: {', '.join(other)}",
            todo="the message, the register or the finding was changed: compare with a backup",
        )  # fmt: skip
    return _as_recorded(evidence, f"Looked up again, {', '.join(other)} would differ: {since}.", versions[0])


def _versions(store: Store, finding: Mapping[str, Any]) -> tuple[Register, Interpretations] | None:
    """Return the register and the settings that a finding names; None if the store does not have them."""
    known: dict[str, Register] = {content_sha256(EMPTY_REGISTER): EMPTY_REGISTER}
    defaults = {content_sha256(Interpretations()): Interpretations()}
    register, settings = finding["register_sha256"], finding["interpretations_sha256"]
    if content := store.version_content("register", register):
        known[register] = register_from_json(content)
    if content := store.version_content("interpretations", settings):
        defaults[settings] = interpretations_from_json(content)
    return (known[register], defaults[settings]) if register in known and settings in defaults else None


def _decoded(raw: bytes, position: Mapping[str, Any]) -> pl.DataFrame:
    """Return the event at a position as a frame of one row."""
    offset = position["offset"]
    batch = RawBatch(position["source"], position["partition"], detect(raw), [offset], [raw], offset, offset)
    return decode(batch).events.filter(pl.col("position.part") == position["part"])


def _as_recorded(evidence: Kept, why: str, register: Register = EMPTY_REGISTER) -> LookedUp:
    """Return what record and finding say of an event that cannot be looked up again."""
    recorded = {name: evidence.event[name] for name in COLUMNS if name in evidence.event}
    facts = {name: _read(name, value) for name, value in evidence.finding["facts"].items()}
    facts |= {name: _of_personal(name, evidence) for name in facts if COLUMNS[name].personal}
    note = f"{why} The facts below are those that the finding recorded; where they came from cannot be told any more."
    return LookedUp({**recorded, **evidence.values, **facts}, {}, register, (note,))


def _of_personal(name: str, evidence: Kept) -> Any:
    """Return a personal value as far as it is kept; where it is not, that there was one: the rule may have asked it."""
    kept_value = evidence.values.get(name)
    return ERASED if kept_value is None and evidence.finding["facts"][name] else kept_value


def _read(name: str, value: Any) -> Any:
    """Return a value of a finding's facts as frames have it: times are texts there."""
    return dt.datetime.fromisoformat(value) if COLUMNS[name].type == "time" and value is not None else value


def _differing(row: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that a finding tells otherwise than the row does."""
    if not facts:
        return ()
    columns = [COLUMNS[name] for name in facts]
    told = row_frame(row).select(pl.struct(shown(column).alias(column.name) for column in columns).struct.json_encode())
    now = json.loads(told.item())
    return tuple(name for name, value in facts.items() if now[name] != value)


def _changed_since(evidence: Kept, geo: Geo | None) -> str:
    """Return why facts may differ although nobody changed evidence; empty if there is no such reason."""
    if evidence.range["mmdb_sha256"] != (geo.sha256 if geo else None):
        return "events were judged with another MMDB file; give it with --mmdb"
    program = metadata.version(DISTRIBUTION)
    if evidence.range["program"] != program:
        return f"version {evidence.range['program']} of this program judged, this is {program}"
    return ""


def _changed(rule: Rule, evidence: Kept) -> tuple[str, ...]:
    """Return what to know when another version of the rule judged."""
    if rule.sha256 == evidence.finding["rule_sha256"]:
        return ()
    judged = evidence.finding["rule_version"]
    return (f"Version {judged} of the rule judged; the reasons above are told by version {rule.version}.",)


def _head(flag: Mapping[str, Any], number: int) -> tuple[str, ...]:
    about = ", ".join(f"{name.replace('_', ' ')} {flag[name]}" for name in ("asset", "party", "country") if flag[name])
    first, last = cell(flag["first_event"]), cell(flag["last_event"])
    return (f"flag {flag['id']}: {about}", f"event {number} of {flag['events']}, from {first} to {last}")


def _evidence(evidence: Kept, flag: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the evidence stands, and which versions judged."""
    finding, of = evidence.finding, evidence.range
    place = (
        f"{finding['position.source']} partition {finding['position.partition']} offset {finding['position.offset']}"
    )
    return {
        "position": f"{place} part {finding['position.part']}",
        "record": f"leaf {evidence.event['leaf_hash']}",
        "finding": f"leaf {finding['leaf_hash']}",
        "range": f"{of['id']}, root {of['merkle_root']}",
        "recorded at": of["recorded_at"],
        "rule": f"{flag['rule']} version {finding['rule_version']}, SHA-256 {finding['rule_sha256']}",
        "rulebook": of["rulebook_sha256"],
        "register": finding["register_sha256"],
        "interpretations": finding["interpretations_sha256"],
        "MMDB file": of["mmdb_sha256"],
        "program": f"ashiato {of['program']}",
    }
