"""Foreign countries: is their system assessed (外国の制度), are they in planned use, does the policy list them.

Law: ORD 22-2-22 (i) ホ and 22-2-23 (iii) ロ, ハ, ニ; questions Q6, Q9, Q13; domain §4, §8.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from schemas.register import Country, PolicyItem, PolicyLine
from streams.enrich.facts import Facts, cite, joined
from streams.register_days import is_fresh
from streams.register_moment import Moment

State = Literal["current", "stale", "unknown", "missing"]
_WORST: Final[tuple[State, ...]] = ("missing", "unknown", "stale", "current")


def country_facts(moment: Moment, codes: Sequence[str], published: Iterable[tuple[PolicyItem, str]]) -> Facts:
    """Return what place and handler say alike of the foreign countries they look at.

    Args:
        moment: the register.
        codes: the foreign countries, sorted; none: every fact is absent.
        published: the items of the policy under which one of the countries would be published.

    Returns:
        ``foreign_countries``, ``assessment``, ``assessment_sources``, ``assessment_sourced``, ``country_in_use``,
        ``umu_matches``.
    """
    facts = Facts()
    entries = [(code, moment.countries.get(code)) for code in codes]
    cited = "; ".join(_cite(code, entry) for code, entry in entries) or "no foreign country"
    facts.say("foreign_countries", joined(codes), "computed")
    _say_assessment(facts, moment, [entry for _, entry in entries], cited)
    in_use = all(entry is not None and _reached(entry.in_use_from, moment) for _, entry in entries)
    facts.say("country_in_use", in_use if entries else None, cited)
    _say_umu(facts, moment, published)
    return facts


def _say_assessment(facts: Facts, moment: Moment, entries: list[Country | None], cited: str) -> None:
    """Say the worst of the assessments, and how many accepted sources the weakest current one has (Q13)."""
    settings = moment.settings.foreign_system
    states = [assessment_state(entry, moment) for entry in entries]
    current = [entry for entry, state in zip(entries, states, strict=True) if entry is not None and state == "current"]
    weakest = min((_accepted_sources(entry, moment) for entry in current), default=None)
    enough = None if weakest is None else weakest >= settings.min_sources
    max_age = f"setting foreign_system.max_age_days = {settings.max_age_days}"
    facts.say("assessment", min(states, key=_WORST.index, default=None), f"{cited}; {max_age}" if entries else cited)
    facts.say("assessment_sources", weakest, cited)
    facts.say(
        "assessment_sourced",
        enough,
        f"{cited}; setting foreign_system.min_sources = {settings.min_sources}" if entries else cited,
    )


def assessment_state(entry: Country | None, moment: Moment) -> State:
    """Return how far a country's system is assessed: an assessment of unknown or later date is not a current one."""
    if entry is None or (entry.assessed_on is not None and entry.assessed_on > moment.day):
        return "missing"
    if entry.affecting == "unknown":
        return "unknown"
    max_age = moment.settings.foreign_system.max_age_days
    return "current" if entry.assessed_on and is_fresh(entry.assessed_on, max_age, moment.day) else "stale"


def listing(moment: Moment, item: PolicyItem, codes: Sequence[str]) -> tuple[bool, str]:
    """Return whether the policy lists every one of ``codes`` for an item, with 有無, and the lines that do.

    A line without 有無, or one that is told on request only, does not satisfy the item (ORD 22-2-23 (iii), Q9).
    """
    found = [(code, _telling(moment.policy_lines(item, code))) for code in codes]
    sources = [cite(line) if line else f"no policy line for {item} {code}" for code, line in found]
    return all(line is not None for _, line in found) and bool(codes), "; ".join(sources) or "nothing to list"


def _telling(lines: Sequence[PolicyLine]) -> PolicyLine | None:
    return next((line for line in lines if line.umu is not None), None)


def _say_umu(facts: Facts, moment: Moment, published: Iterable[tuple[PolicyItem, str]]) -> None:
    """Say whether each published 有無 agrees with a current assessment; what cannot be compared is left out."""
    agree: list[bool] = []
    sources: list[str] = []
    for item, code in published:
        entry = moment.countries.get(code)
        if entry is None or assessment_state(entry, moment) != "current":
            continue
        for line in moment.policy_lines(item, code):
            if line.umu is not None:
                agree.append(line.umu == entry.affecting)
                sources.append(f"{cite(line, 'umu')}; {cite(entry, 'affecting')}")
    facts.say("umu_matches", all(agree) if agree else None, "; ".join(sources) or "nothing to compare")


def _accepted_sources(entry: Country, moment: Moment) -> int:
    """Return how many sources of an assessment count (foreign_system.accepted_methods); later ones do not yet."""
    accepted = moment.settings.foreign_system.accepted_methods
    return sum(
        source.kind in accepted and (source.dated is None or source.dated <= moment.day) for source in entry.sources
    )


def _reached(day: dt.date | None, moment: Moment) -> bool:
    return day is not None and day <= moment.day


def _cite(code: str, entry: Country | None) -> str:
    return cite(entry) if entry else f"no register entry countries/{code}"
