"""Explain: what one rule says of one event in one role, with every fact it looked at and where that comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from schemas.errors import Place, RuleError
from schemas.facts import COLUMNS, EVENT, POSITION
from schemas.findings import Level, Role
from schemas.rules import Bilingual
from streams.citations import Citations
from streams.commit import Keys
from streams.provenance import explain_row
from streams.register_index import RegisterIndex
from streams.rules import Rule
from streams.selections import Why, conditions, why
from streams.sigma import documents
from streams.ways_out import Way, ways_out

Language = Literal["en", "ja"]

SAID_BY_EVENT: Final = "event"
"""Source of a column that is a field of the event itself."""

_PLACE: Final = ("key", "equipment_country", "country_from", "operator", "operator_country")
_HANDLER: Final = ("key", "kind", "country", "home_country", "place_country", "contract")
ABOUT: Final[dict[Role, tuple[str, ...]]] = {
    "event": ("asset.key", "party.key"),
    "asset": (*(f"asset.{name}" for name in _PLACE), "asset.category"),
    "destination": tuple(f"destination.{name}" for name in _PLACE),
    "party": tuple(f"party.{name}" for name in _HANDLER),
    "recipient": tuple(f"recipient.{name}" for name in _HANDLER),
}
"""Columns that tell people what a rule speaks of in each role, whether or not it looked at them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One column that a rule looked at.

    Attributes:
        column: its name.
        means: what it says, for people.
        value: its value; None is absent, which is unknown.
        sources: where the value comes from, one text each; empty if that cannot be told any more.
    """

    column: str
    means: str
    value: Any
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one rule says of one event. Texts are in the language asked for.

    Attributes:
        rule: rule id.
        version: version of the rule.
        sha256: SHA-256 of the rule file.
        title: what the rule finds, in English.
        level: severity.
        role: what of the event it is about.
        clauses: the clauses that it checks.
        reason: why it was raised.
        about: what of the event it is about: which place or party, where, known from what.
        facts: every column that the condition looked at, in the catalogue's order.
        why: how the condition came to its answer.
        passes_if: what would have made it pass, in the words of the rule.
        ways_out: the same, fact by fact.
        tba: the reading under the Telecommunications Business Act.
        appi: the reading under the Act on the Protection of Personal Information.
        runbook: what to do.
    """

    rule: str
    version: int
    sha256: str
    title: str
    level: Level
    role: Role
    clauses: tuple[str, ...]
    reason: str
    about: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    why: Why
    passes_if: str
    ways_out: tuple[Way, ...]
    tba: str
    appi: str
    runbook: str


def explain(
    rule: Rule,
    detection: Mapping[str, Any],
    role: Role,
    row: Mapping[str, Any],
    *,
    sources: Mapping[str, str],
    citations: Citations,
    language: Language = "en",
) -> Explanation:
    """Return what ``rule`` says of one event in ``role``.

    Args:
        rule: the rule, in the version that judged.
        detection: its detection; see `detection_of`.
        role: one of those that the rule is about.
        row: the event's columns, fields and facts, by name; what is missing is absent.
        sources: where facts come from, as `streams.enrich` says it; fields of the event need none.
        citations: tells more of the sources.
        language: of reason, readings, clauses.
    """
    block = rule.block
    reasons = why(detection, conditions(detection)[block.about.index(role)], row)
    return Explanation(
        rule=rule.id,
        version=rule.version,
        sha256=rule.sha256,
        title=rule.title,
        level=rule.level,
        role=role,
        clauses=tuple(_in(language, clause) for clause in block.clauses),
        reason=_in(language, block.reason),
        about=_facts(ABOUT[role], row, sources, citations),
        facts=_facts(_looked_at(reasons), row, sources, citations),
        why=reasons,
        passes_if=_in(language, block.passes_if),
        ways_out=ways_out(reasons, row.get("event.kind")),
        tba=_in(language, block.reading.tba),
        appi=_in(language, block.reading.appi),
        runbook=block.runbook,
    )


def looked_up(event: pl.DataFrame, index: RegisterIndex, keys: Keys) -> tuple[dict[str, Any], dict[str, str]]:
    """Return one event's columns, fields and facts, by name; and where its facts come from.

    Args:
        event: one row with at least the columns ``EVENT`` of `schemas.facts`.
        index: register, settings and geography to look things up in.
        keys: make the pseudonyms.
    """
    fields = [column.name for column in (*POSITION, *EVENT) if column.name in event.columns]
    facts = explain_row(event, index, keys)
    row = event.select(fields).row(0, named=True)
    return {**row, **{name: fact.value for name, fact in facts.items()}}, {
        name: fact.source for name, fact in facts.items()
    }


def detection_of(text: str, path: str) -> Mapping[str, Any]:
    """Return the detection of a rule file that can be compiled.

    Raises:
        RuleError: the file is no YAML mapping.
    """
    detection = documents.read_document(text, path).get("detection")
    plain = documents.plain(detection) if detection is not None else None
    if not isinstance(plain, dict):
        raise RuleError("The rule has no detection", where=Place(path))
    return plain


def _in(language: Language, text: Bilingual) -> str:
    return text.ja if language == "ja" else text.en


def _looked_at(reasons: Why) -> frozenset[str]:
    """Return the columns that a condition looked at, those that others are compared with included."""
    tests = [test for selection in reasons.selections for test in selection.tests]
    return frozenset({test.column for test in tests} | {test.other for test in tests if test.other})


def _facts(
    names: Collection[str], row: Mapping[str, Any], sources: Mapping[str, str], citations: Citations
) -> tuple[Fact, ...]:
    """Return the named columns as facts, in the catalogue's order."""
    return tuple(
        Fact(name, column.doc, row.get(name), _sources(name, sources, citations))
        for name, column in COLUMNS.items()
        if name in names
    )


def _sources(name: str, sources: Mapping[str, str], citations: Citations) -> tuple[str, ...]:
    if name in sources:
        return citations.cite(sources[name])
    return (SAID_BY_EVENT,) if COLUMNS[name].origin == "event" else ()
