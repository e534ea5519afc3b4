"""Planned transfers: a claim counts only if a plan of the register covers asset, organisation and countries."""

import datetime as dt
from typing import Any

import pytest

from schemas.register import PlannedTransfer, Register
from tests.support.facts import DAY, LONG_AGO, asset, facts_of, party, register, transfer

SENT = transfer(destination__claimed_party="acme", destination__claimed_country="US", approval=["move"])


def plan(**more: Any) -> Register:
    """Return a register with the plan to move crm-db to Acme in the United States."""
    known = {"id": "move", "approver": "CISO", "assets": ("crm-db",), "recipients": ("acme",), "countries": ("US",)}
    planned = PlannedTransfer.model_validate({"valid_from": LONG_AGO, **known, **more})
    return register(assets=(asset(), asset("other-db")), parties=(party("acme"),), planned_transfers=(planned,))


def test_a_plan_that_covers_the_event_is_found() -> None:
    facts = facts_of(plan(), SENT)
    assert (facts["planned.id"], facts["planned.claimed"]) == ("move", True)


@pytest.mark.parametrize(
    ("more", "event"),
    [
        ({"assets": ("other-db",)}, {}),
        ({"recipients": ("someone",)}, {}),
        ({"recipients": ()}, {}),
        ({"countries": ("SG",)}, {}),
        ({"countries": ()}, {}),
        ({"valid_to": DAY}, {}),
        ({"valid_from": DAY + dt.timedelta(days=1)}, {}),
        ({}, {"destination.claimed_country": None}),
        ({}, {"approval": ["another"]}),
        ({}, {"asset.claimed_id": "unregistered"}),
    ],
)
def test_a_plan_covers_nothing_beyond_what_it_says(more: dict[str, Any], event: dict[str, Any]) -> None:
    facts = facts_of(plan(**more), {**SENT, **event})
    assert (facts["planned.id"], facts["planned.claimed"]) == (None, True)


def test_a_plan_without_recipients_covers_the_carrier_itself_in_japan() -> None:
    event = transfer(destination__claimed_country="JP", approval=["nothing", "move"])
    assert facts_of(plan(recipients=(), countries=()), event)["planned.id"] == "move"


@pytest.mark.parametrize("approval", [None, []])
def test_without_a_claim_no_plan_is_looked_for(approval: list[str] | None) -> None:
    facts = facts_of(plan(), {**SENT, "approval": approval})
    assert (facts["planned.id"], facts["planned.claimed"]) == (None, False)
