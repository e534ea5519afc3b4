"""Planned transfers: whether a claim of approval is one that the register knows and that covers the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from schemas.base import JAPAN
from schemas.register import PlannedTransfer
from streams.enrich.columns import Chosen
from streams.enrich.facts import Facts, cite
from streams.register_index import RegisterIndex
from streams.register_moment import Moment

CLAIM_COLUMNS: Final = (
    "event.kind", "approval", "asset.id", "destination.equipment_country",
    *(f"{role}.{name}" for role in ("party", "recipient")
      for name in ("known", "id", "third_party", "foreign_countries", "countries_known")),
)  # fmt: skip
"""Columns that decide whether a plan covers an event."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of approval, and what it would have to cover.

    Attributes:
        approvals: ids of planned transfers as the event claims them.
        asset: register id of the asset.
        organisation: register id of who receives, or acts if nobody receives.
        third_party: whether that is a third party; None if it is unknown.
        countries: where the data goes and where it is handled, as far as known.
        countries_known: whether those are all.
    """

    approvals: tuple[str, ...]
    asset: str | None
    organisation: str | None
    third_party: bool | None
    countries: tuple[str, ...]
    countries_known: bool


def planned_columns(seen: pl.DataFrame, index: RegisterIndex, segments: pl.Series) -> pl.DataFrame:
    """Return ``planned.id`` (String) and ``planned.claimed`` (Boolean) of events with their other facts."""
    claimed = pl.col("approval").list.len() > 0
    claims = Chosen(seen, claimed)
    rows = claims.of(seen[[*CLAIM_COLUMNS]].with_columns(segment=segments)).to_dicts()
    found = [planned_facts(index.moment(row["segment"]), claim_of(row)).values["id"] for row in rows]
    plans = claims.spread(pl.DataFrame({"planned.id": pl.Series(found, dtype=pl.String)}))
    return plans.with_columns(seen.select(claimed.fill_null(False).alias("planned.claimed")))


def claim_of(row: Mapping[str, Any]) -> Claim:
    """Return the claim in a row with `CLAIM_COLUMNS`."""
    role = "recipient" if row["recipient.known"] is not None else "party"
    handled = row[f"{role}.foreign_countries"]
    moved = row["event.kind"] == "transfer"
    destination = row["destination.equipment_country"]
    return Claim(
        approvals=tuple(row["approval"] or ()),
        asset=row["asset.id"],
        organisation=row[f"{role}.id"],
        third_party=row[f"{role}.third_party"],
        countries=(*(handled.split("+") if handled else ()), *((destination,) if destination else ())),
        countries_known=bool(row[f"{role}.countries_known"]) and (destination is not None or not moved),
    )


def planned_facts(moment: Moment, claim: Claim) -> Facts:
    """Return ``id``, the first planned transfer in force by id that covers the event, and ``claimed``."""
    facts = Facts()
    known = [moment.planned[name] for name in sorted(set(claim.approvals)) if name in moment.planned]
    plan = next((plan for plan in known if _covers(plan, claim)), None)
    facts.say("id", plan.id if plan else None, cite(plan) if plan else "no planned transfer covers the event")
    facts.say("claimed", bool(claim.approvals), "event approval")
    return facts


def _covers(plan: PlannedTransfer, claim: Claim) -> bool:
    """Return whether a plan covers asset, organisation and every country; what is unknown is not covered."""
    if claim.asset not in plan.assets or not claim.countries_known:
        return False
    organisation = claim.organisation in plan.recipients if plan.recipients else claim.third_party is False
    return organisation and set(claim.countries) <= {JAPAN, *plan.countries}
