"""The days on which a fact can change: between two of them everything that the register says stays the same.

All legal dates begin at midnight in Japan (`schemas.base.tokyo_midnight`), so days are enough. What is "not older than
n days" still holds on the n-th day after its date and no longer on the day after that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.base import tokyo_midnight
from schemas.interpretations import Interpretations
from schemas.register import Asset, Carrier, Country, Entry, OutsourcingContract, Party, Register, Service
from streams.register_versions import entries

FIRST_DAY: Final = dt.date.min
"""Stands for all the time before the first change."""


def is_fresh(date: dt.date, max_age_days: int, day: dt.date) -> bool:
    """Return whether, on ``day``, something of ``date`` exists already and is not older than ``max_age_days``."""
    return 0 <= (day - date).days <= max_age_days


def fiscal_year(day: dt.date) -> int:
    """Return the calendar year in which the fiscal year (April to March, REP 1(2)(i)) of ``day`` began."""
    return day.year if day.month >= 4 else day.year - 1


def instant(day: dt.date) -> dt.datetime:
    """Return the UTC instant at which ``day`` begins in Japan; the earliest there is for the very first day."""
    try:
        return tokyo_midnight(day)
    except OverflowError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)


def change_days(register: Register, interpretations: Interpretations) -> list[dt.date]:
    """Return, ascending, `FIRST_DAY` and every day on which a fact under these two can change."""
    days = {FIRST_DAY, *interpretations.change_days()}
    settings = [interpretations.at(day) for day in sorted(days)]
    for located in entries(register):
        days.update(_validity(located.entry))
        days.update(_dates(located.entry, settings))
    return sorted(days)


def validity_days(part: Iterable[Entry]) -> list[dt.date]:
    """Return, ascending, `FIRST_DAY` and the days on which entries of one part begin or end."""
    return sorted({FIRST_DAY, *(day for entry in part for day in _validity(entry))})


def _validity(entry: Entry) -> Iterator[dt.date]:
    yield entry.valid_from
    if entry.valid_to is not None:
        yield entry.valid_to


def _dates(entry: Entry, settings: list[Interpretations]) -> Iterator[dt.date]:
    """Yield the days on which something inside an entry begins, lapses or becomes stale, under any of the settings."""
    match entry:
        case Party():
            yield from _party_dates(entry, settings)
        case Country():
            yield from _given(entry.in_use_from, *(source.dated for source in entry.sources))
            yield from _lapses(entry.assessed_on, {setting.foreign_system.max_age_days for setting in settings})
        case Asset(anonymisation=attested) if attested is not None:
            yield attested.date
        case OutsourcingContract():
            for approval in entry.resub_approvals:
                yield from _given(approval.approved_on, approval.until)
        case Carrier():
            yield from (designation.designated_on for designation in entry.designations)
        case Service():
            years = {fiscal_year(dt.date.fromisoformat(f"{users.month}-01")) for users in entry.monthly_users}
            yield from (dt.date(year + later, 4, 1) for year in years for later in (1, 2) if year + later <= 9999)
        case _:
            return


def _party_dates(party: Party, settings: list[Interpretations]) -> Iterator[dt.date]:
    if party.selection is not None:
        yield party.selection.date
    if party.cloud_exception is not None:
        yield party.cloud_exception.evidence_date
    for review in party.reviews:
        yield from _lapses(review.date, {setting.subcontractor.review_interval_days for setting in settings})
    if party.appi28 is not None:
        intervals = {setting.appi28.confirm_interval_days for setting in settings}
        yield from _lapses(party.appi28.since, intervals)
        yield from _lapses(party.appi28.confirmed_on, intervals)


def _lapses(date: dt.date | None, max_ages: set[int]) -> Iterator[dt.date]:
    """Yield the date and the first days on which it is older than each of ``max_ages``."""
    if date is None:
        return
    yield date
    for max_age in max_ages:
        # A day beyond the calendar never comes.
        if (dt.date.max - date).days > max_age:
            yield date + dt.timedelta(days=max_age + 1)


def _given(*days: dt.date | None) -> Iterator[dt.date]:
    yield from (day for day in days if day is not None)
