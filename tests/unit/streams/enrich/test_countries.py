"""Foreign countries: assessments, their sources, planned use."""

import datetime as dt
from typing import Any

import pytest

from schemas.interpretations import Interpretations
from schemas.register import Country, SurveySource
from tests.support.facts import DAY, asset, country, facts_of, party, register


def stored_in(*entries: Country, settings: Interpretations | None = None) -> dict[str, Any]:
    """Return the facts of a read of data that stands in the United States."""
    return facts_of(register(assets=(asset(equipment_country="US"),), countries=entries), settings=settings)


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, "current"),
        ({"affecting": "yes"}, "current"),
        ({"affecting": "unknown"}, "unknown"),
        ({"assessed_on": None}, "stale"),
        ({"assessed_on": DAY}, "current"),
        ({"assessed_on": DAY - dt.timedelta(days=365)}, "current"),
        ({"assessed_on": DAY - dt.timedelta(days=366)}, "stale"),
        ({"assessed_on": DAY - dt.timedelta(days=366), "affecting": "unknown"}, "unknown"),
        ({"assessed_on": DAY + dt.timedelta(days=1)}, "missing"),
        ({"valid_to": DAY}, "missing"),
    ],
)
def test_an_assessment_is_current_until_the_last_day_of_its_age(more: dict[str, Any], state: str) -> None:
    assert stored_in(country("US", **more))["asset.assessment"] == state


def test_a_country_without_an_entry_is_not_assessed() -> None:
    facts = stored_in(country("SG"))
    assert facts["asset.assessment"] == "missing"
    assert facts["asset.assessment_sources"] is None
    assert facts["asset.assessment_sourced"] is None
    assert facts["asset.country_in_use"] is False


def test_the_worst_of_several_countries_counts() -> None:
    known = register(
        assets=(asset(equipment_country="US", operator="aws"),), parties=(party("aws", "cloud_provider", "SG"),),
        countries=(country("US"), country("SG", affecting="unknown")),
    )  # fmt: skip
    facts = facts_of(known)
    assert facts["asset.foreign_countries"] == "SG+US"
    assert facts["asset.assessment"] == "unknown"


def source(kind: str = "ppc_survey", **more: Any) -> SurveySource:
    return SurveySource.model_validate({"kind": kind, **more})


@pytest.mark.parametrize(
    ("sources", "least", "count", "enough"),
    [
        ((source(),), 1, 1, True),
        ((), 1, 0, False),
        ((source("other"),), 1, 0, False),
        ((source(dated=DAY),), 1, 1, True),
        ((source(dated=DAY + dt.timedelta(days=1)),), 1, 0, False),
        ((source(), source("mic_survey")), 3, 2, False),
        ((), 0, 0, True),
    ],
)
def test_accepted_sources_of_a_current_assessment_are_counted(
    sources: tuple[SurveySource, ...], least: int, count: int, *, enough: bool
) -> None:
    settings = Interpretations().replace("foreign_system.min_sources", least)
    facts = stored_in(country("US", sources=sources), settings=settings)
    assert (facts["asset.assessment_sources"], facts["asset.assessment_sourced"]) == (count, enough)


@pytest.mark.parametrize(("start", "in_use"), [(DAY, True), (DAY + dt.timedelta(days=1), False), (None, False)])
def test_a_country_is_in_use_from_its_first_day_on(start: dt.date | None, *, in_use: bool) -> None:
    assert stored_in(country("US", in_use_from=start))["asset.country_in_use"] is in_use
