"""Frames of events as the decoder leaves them, and registers that tests of facts share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from schemas.facts import EVENT, POSITION
from schemas.interpretations import Interpretations
from schemas.register import (
    Asset,
    Country,
    Identity,
    OutsourcingContract,
    Party,
    PolicyLine,
    Register,
    SurveySource,
)
from streams.classify import classify
from streams.column_types import dtypes
from streams.commit import Keys
from streams.enrich import enrich
from streams.register_index import Geo, RegisterIndex, no_geo

KEYS: Final = Keys("0" * 64, "1" * 64)
NOON: Final = dt.datetime(2026, 11, 1, 3, tzinfo=dt.UTC)
"""Noon in Japan on the day that most tests happen on."""
DAY: Final = dt.date(2026, 11, 1)
LONG_AGO: Final = dt.date(2024, 4, 1)

SCHEMA: Final = dtypes(column.name for column in (*POSITION, *EVENT))

READ: Final[dict[str, Any]] = {
    "position.source": "file:test", "position.partition": 0, "position.offset": 0, "position.part": 0,
    "event.kind": "access", "event.id": "1", "event.source": "/test", "event.time": NOON,
    "actor.issuer": "idp", "actor.subject": "hanako", "actor.kind": "person", "asset.claimed_id": "crm-db",
    "origin.country": "JP", "action": "read", "outcome": "success",
}  # fmt: skip
"""An ordinary access, to be varied."""


def frame(*events: Mapping[str, Any]) -> pl.DataFrame:
    """Return events as a decoded frame; each is `READ` with what is given put over it."""
    return pl.DataFrame([{**READ, **event} for event in events], schema=SCHEMA)


def transfer(**more: Any) -> dict[str, Any]:
    """Return a transfer; dots in names are written as double underscores."""
    return {"event.kind": "transfer", "action": "copy", **dotted(more)}


def dotted(more: Mapping[str, Any]) -> dict[str, Any]:
    """Return names with double underscores as dotted names."""
    return {name.replace("__", "."): value for name, value in more.items()}


def facts_frame(
    events: pl.DataFrame,
    register: Register,
    settings: Interpretations | None = None,
    geo: Geo = no_geo,
) -> pl.DataFrame:
    """Return events with all their facts."""
    index = RegisterIndex(register, settings or Interpretations(), geo)
    return classify(enrich(events, index, KEYS), index)


def facts_of(
    register: Register,
    event: Mapping[str, Any] | None = None,
    settings: Interpretations | None = None,
    geo: Geo = no_geo,
) -> dict[str, Any]:
    """Return the facts of one event."""
    return facts_frame(frame(event or {}), register, settings, geo).to_dicts()[0]


def party(id_: str, kind: str = "subcontractor", country: str | None = "JP", **more: Any) -> Party:
    """Return a party of which all three entities are in one country."""
    countries = {f"{entity}_country": country for entity in ("contracting", "operating", "parent")}
    return Party.model_validate({"valid_from": LONG_AGO, "id": id_, "name": id_, "kind": kind, **countries, **more})


def asset(id_: str = "crm-db", **more: Any) -> Asset:
    """Return an asset of category 2 in Japan, operated by the carrier."""
    known = {"category": "2", "equipment_country": "JP", "operator": "own", "valid_from": LONG_AGO}
    return Asset.model_validate({"id": id_, "name": id_, **known, **more})


def identity(subject: str = "hanako", party_id: str | None = "own", **more: Any) -> Identity:
    """Return an identity at home in Japan."""
    known = {"issuer": "idp", "home_country": "JP", "valid_from": LONG_AGO}
    return Identity.model_validate({"id": f"id-{subject}", "subject": subject, "party": party_id, **known, **more})


def contract(id_: str = "c1", party_id: str = "acme", **more: Any) -> OutsourcingContract:
    """Return a contract that allows everything."""
    everything = dict.fromkeys(("assets", "fields", "privileges", "purposes", "countries"), ("*",))
    known = {"valid_from": LONG_AGO, "sui_terms": True, "scope": everything}
    return OutsourcingContract.model_validate({"id": id_, "party": party_id, **known, **more})


def country(code: str, affecting: str = "no", **more: Any) -> Country:
    """Return a country assessed recently, in use."""
    known = {
        "valid_from": LONG_AGO, "assessed_on": dt.date(2026, 6, 1), "in_use_from": LONG_AGO,
        "sources": (SurveySource(kind="ppc_survey"),),
    }  # fmt: skip
    return Country.model_validate({"code": code, "affecting": affecting, **known, **more})


def line(item: str, code: str | None = None, **more: Any) -> PolicyLine:
    """Return a published line with 有無."""
    known = {"id": f"pl-{item}-{code}", "valid_from": LONG_AGO, "umu": "no"}
    return PolicyLine.model_validate({"item": item, "country": code, **known, **more})


def register(**parts: Sequence[Any]) -> Register:
    """Return a register with the carrier itself, Hanako and the asset crm-db, and the parts given beside them."""
    return Register(
        services=tuple(parts.get("services", ())),
        assets=(*parts.get("assets", (asset(),)),),
        identities=(identity(), *parts.get("identities", ())),
        parties=(party("own", "own"), *parts.get("parties", ())),
        contracts=tuple(parts.get("contracts", ())),
        countries=tuple(parts.get("countries", ())),
        policy=tuple(parts.get("policy", ())),
        planned_transfers=tuple(parts.get("planned_transfers", ())),
        networks=tuple(parts.get("networks", ())),
        regions=tuple(parts.get("regions", ())),
        carrier=tuple(parts.get("carrier", ())),
    )
