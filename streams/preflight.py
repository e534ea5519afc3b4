"""Preflight: what the rules would say of events that have not happened yet. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import polars as pl

from schemas.errors import AshiatoError, ManyErrors, MessageError
from schemas.facts import COLUMNS
from schemas.findings import Level
from streams.batch import Decoded, RawBatch
from streams.citations import Citations
from streams.classify import classify
from streams.commit import Keys
from streams.decode import decode
from streams.enrich import enrich
from streams.enrich.keys import UNKNOWN, UNREGISTERED
from streams.explain import Explanation, Fact, Language, detection_of, explain, looked_up
from streams.judge import judge
from streams.register_index import RegisterIndex
from streams.rules import Rule, Rulebook
from streams.verdicts import KEPT

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""Severities, the lowest first."""

ASK_AGAIN: Final = "mend it and ask again; nothing of it was recorded"

TELLING: Final = {
    "asset": ("asset.id", "asset.category", "asset.equipment_country", "asset.operator", "asset.operator_country"),
    "destination": ("destination.id", "destination.equipment_country", "destination.operator"),
    "party": ("party.id", "party.country", "party.home_country", "party.place_country"),
    "recipient": ("recipient.id", "recipient.country"),
}
"""Facts of each role that decide the most; when one of them is unknown, people are told."""


@dataclass(frozen=True, slots=True)
class Against:
    """What events are judged with.

    Attributes:
        index: register, settings and geography.
        rulebook: the rules.
        keys: make pseudonyms, of which a verdict shows none; any will do.
    """

    index: RegisterIndex
    rulebook: Rulebook
    keys: Keys

    def rule(self, rule_id: str) -> Rule:
        """Return the rule of this id, which the rulebook has judged with."""
        return next(rule for rule in self.rulebook if rule.id == rule_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would be said of one event.

    Attributes:
        event: its columns, fields and facts, by name.
        said: one explanation for each rule and role that would match; the gravest first.
        unknown: facts that decide the most and are unknown, with what was looked for.
    """

    event: Mapping[str, Any]
    said: tuple[Explanation, ...]
    unknown: tuple[Fact, ...]

    @property
    def level(self) -> Level | None:
        """The gravest level, None if no rule would match."""
        return max((said.level for said in self.said), key=LEVELS.index, default=None)


def preflight(batch: RawBatch, against: Against, language: Language = "en") -> tuple[Verdict, ...]:
    """Return what would be said of the events of a batch, in their order.

    Args:
        batch: the messages.
        against: what they are judged with.
        language: of reasons and readings.

    Raises:
        MessageError: a message cannot be read; the text is that of its dead letter.
        ManyErrors: several cannot be read.
    """
    decoded = decode(batch)
    _refuse(decoded)
    facts = classify(enrich(decoded.events, against.index, against.keys), against.index)
    findings = judge(facts, against.rulebook)
    return tuple(
        _verdict(decoded.events[number], findings.filter(row=number), against, language)
        for number in range(decoded.events.height)
    )


def _verdict(event: pl.DataFrame, findings: pl.DataFrame, against: Against, language: Language) -> Verdict:
    """Return what would be said of one event, by the findings on it."""
    citations = Citations(against.index.register)
    seen, sources = looked_up(event, against.index, against.keys)
    row = _without_pseudonyms(seen)
    said = []
    for found in findings.iter_rows(named=True):
        rule = against.rule(found["rule"])
        detection = detection_of(rule.text, rule.path)
        said.append(
            explain(rule, detection, found["role"], row, sources=sources, citations=citations, language=language)
        )
    said.sort(key=lambda one: -LEVELS.index(one.level))
    return Verdict(row, tuple(said), _unknown(row, sources, citations))


def _refuse(decoded: Decoded) -> None:
    """Raise what dead letters would say; but nothing is kept here."""
    letters = decoded.dead_letters.iter_rows(named=True)
    errors: list[AshiatoError] = [
        MessageError(letter["reason"], letter["text"].replace(f"({KEPT})", f"({ASK_AGAIN})")) for letter in letters
    ]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors("messages cannot be read", errors)


def _without_pseudonyms(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event with ``unregistered`` and ``unknown`` in place of keys that hold a pseudonym."""
    return {
        name: value.split(":")[0] if name.endswith(".key") and _is_pseudonym(value) else value
        for name, value in event.items()
    }


def _is_pseudonym(value: Any) -> bool:
    return isinstance(value, str) and value.startswith((UNREGISTERED, UNKNOWN))


def _unknown(event: Mapping[str, Any], sources: Mapping[str, str], citations: Citations) -> tuple[Fact, ...]:
    """Return the telling facts that are unknown, of the roles that the event has."""
    return tuple(
        Fact(name, COLUMNS[name].doc, None, citations.cite(sources.get(name, "")))
        for role, names in TELLING.items()
        if event.get(f"{role}.known") is not None
        for name in names
        if event.get(name) is None
    )
