"""Which events somebody has to watch over time."""

from typing import Any

import polars as pl
import pytest

from streams.activity import is_activity
from tests.support.evidence import facts_of, findings_of

HARMLESS = {"party.key": "own", "party.third_party": False}


def watched(rows: list[dict[str, Any]], raised: list[int] = []) -> list[str]:  # noqa: B006  (only read)
    facts = facts_of([{**HARMLESS, **row} for row in rows])
    found = is_activity(facts, findings_of([{"row": row} for row in raised]))
    assert found.dtype == pl.Boolean
    return facts.filter(found).select(pl.format("record {}", "position.offset")).to_series().to_list()


def test_what_own_staff_does_at_home_and_nothing_is_said_of_is_no_activity() -> None:
    assert (
        watched(
            [
                {},
                {"event.kind": "transfer", "destination.abroad": False},
                {"recipient.key": "own", "recipient.third_party": False},
            ]
        )
        == []
    )


def test_what_raised_something_is_activity() -> None:
    assert watched([{}, {}, {}], raised=[2, 0, 2]) == ["record 0", "record 2"]


@pytest.mark.parametrize(
    "row",
    [
        {"party.third_party": True},
        {"party.third_party": None},
        {"recipient.key": "vendor", "recipient.third_party": True},
        {"recipient.key": "unknown:1", "recipient.third_party": None},
        {"event.kind": "grant"},
        {"event.kind": "act"},
        {"exposure.to": "public"},
        {"event.kind": "transfer", "destination.abroad": True},
        {"event.kind": "transfer", "destination.abroad": None},
    ],
    ids=str,
)
def test_third_parties_grants_exposures_transfers_abroad_acts_and_all_that_is_not_known_are_activity(
    row: dict[str, Any],
) -> None:
    assert watched([{}, row, {}]) == ["record 1"]
