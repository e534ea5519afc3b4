"""Where each fact of one event comes from: register entry, policy line, setting, table, file, or the event itself.

The same resolvers that fill the columns of a batch are asked again for one event, this time for what they drew on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from schemas.facts import FACTS
from streams.classify import category_facts, classify
from streams.commit import Keys
from streams.enrich import enrich
from streams.enrich.contracts import Work, contract_facts
from streams.enrich.employers import Who
from streams.enrich.facts import Facts, cite
from streams.enrich.handlers import Handled, gravity, handler_facts
from streams.enrich.places import Placed, place_facts
from streams.enrich.planned import CLAIM_COLUMNS, claim_of, planned_facts
from streams.enrich.who import acted_for, exposed_to, judged_principal, received_by
from streams.register_index import RegisterIndex
from streams.register_moment import Moment

_COMPUTED: Final = "computed"


@dataclass(frozen=True, slots=True)
class Provenance:
    """One fact: its value, and where that comes from, several sources separated by semicolons."""

    value: Any
    source: str


def explain_row(event: pl.DataFrame, index: RegisterIndex, keys: Keys) -> dict[str, Provenance]:
    """Return every fact of one event with where it comes from, in the order of the catalogue.

    Args:
        event: one row with the columns ``EVENT`` of `schemas.facts`.
        index: register, settings and geography that it was judged with.
        keys: make the pseudonyms.
    """
    seen = classify(enrich(event, index, keys), index)
    row = seen.row(0, named=True)
    facts = Facts() if row["event.kind"] == "act" else _sources(seen, row, index)
    return {column.name: Provenance(row[column.name], facts.sources.get(column.name, _COMPUTED)) for column in FACTS}


def _sources(seen: pl.DataFrame, row: dict[str, Any], index: RegisterIndex) -> Facts:
    """Return what the resolvers say of one event, with their sources."""
    segments = index.segments(seen["event.time"])
    moment = index.moment(segments[0])
    facts = Facts()
    named = index.named(row["asset.claimed_id"], row["asset.locator"], segments[0])
    touched = index.asset(named.entry)
    placed = Placed(touched, row["asset.region"], why_unknown=named.why)
    facts.add(place_facts(moment, placed, "asset"), "asset.")
    facts.add(category_facts(moment, touched), "asset.")
    if row["event.kind"] == "transfer":
        facts.add(_destination(seen, row, index, moment), "destination.")
    facts.add(_party(seen, row, index, moment), "party.")
    receiver = _receiver(seen, row, moment)
    if receiver is not None:
        facts.add(_handler(row, moment, receiver, "recipient", None), "recipient.")
    facts.add(planned_facts(moment, claim_of({name: row[name] for name in CLAIM_COLUMNS})), "planned.")
    facts.say("exposure.party_known", row["exposure.party_known"], "event exposure.party; register parties")
    return facts


def _destination(seen: pl.DataFrame, row: dict[str, Any], index: RegisterIndex, moment: Moment) -> Facts:
    segments = index.segments(seen["event.time"])
    named = index.named(row["destination.claimed_asset"], row["destination.locator"], segments[0])
    placed = Placed(
        index.asset(named.entry),
        row["destination.region"],
        row["destination.claimed_country"],
        row["destination.persistence"],
        named.why,
    )
    facts = place_facts(moment, placed, "destination")
    if row["destination.temporary.until"] is not None:
        setting = f"setting temporary.exempt = {str(moment.settings.temporary.exempt).lower()}"
        stay = f"{facts.sources['stored']}; event destination.temporary.until; {setting}"
        facts.say("stored", row["destination.stored"], stay)
    return facts


def _receiver(seen: pl.DataFrame, row: dict[str, Any], moment: Moment) -> Who | None:
    """Return who receives: of whom a transfer goes to and whom the same data is exposed to, the graver one."""
    received = received_by(seen).row(0, named=True)
    if not received["received"]:
        return None
    who = _receiving(received, _received_source(row))
    if not received["two"]:
        return who
    exposed = _receiving(exposed_to(seen).row(0, named=True), "event exposure.party")
    return max(who, exposed, key=lambda one: gravity(handler_facts(moment, one, "recipient")[0], one))


def _receiving(received: dict[str, Any], source: str) -> Who:
    return Who(
        claim=received["claim"],
        claim_source=source,
        operator=received["operator"],
        government=received["government"],
        claimed_country=received["country"],
        has_home=False,
        has_place=received["has_place"],
    )


def _party(seen: pl.DataFrame, row: dict[str, Any], index: RegisterIndex, moment: Moment) -> Facts:
    segments = index.segments(seen["event.time"])
    judged = judged_principal(seen, index, segments)
    granted, service, proxy = judged.select("granted", "service", "proxy").row(0)
    done = row["grant.privileges"] if granted else [row["action"]]
    privileges = None if done is None else tuple(done)
    who = _principal(judged, index, segments, "event grantee.party" if granted else "event actor.party")
    facts = _handler(row, moment, who, "party", privileges, judged=True)
    if proxy:
        behind = _principal(acted_for(seen), index, segments, "event actor.on_behalf_of.party")
        others = _handler(row, moment, behind, "party", privileges, judged=True)
        by_own_service = service and facts.values["third_party"] is False
        grave = (gravity(facts, who), not service), (gravity(others, behind), service)
        if by_own_service or grave[1] > grave[0]:
            known = facts.values["person_known"] and others.values["person_known"]
            sources = f"{others.sources['person_known']}; the actor: {facts.sources['person_known']}"
            who, facts = behind, others
            facts.say("person_known", known, sources)
    source = cite(who.identity) if who.identity else "no register entry identities"
    facts.say("identity_ref", row["party.identity_ref"], source)
    return facts


def _principal(judged: pl.DataFrame, index: RegisterIndex, segments: pl.Series, source: str) -> Who:
    """Return one who may be judged, from one row as `streams.enrich.who` makes it."""
    who = judged.row(0, named=True)
    entry = index.identities(judged["issuer"], judged["subject"], judged["role"], segments)[0]
    address = index.addresses(judged["ip"], segments).row(0, named=True)
    return Who(
        identity=index.identity(entry),
        claim=who["claim"],
        claim_source=source,
        nameless=who["nameless"],
        network=index.network(address["entry"]),
        geo=address["geo"],
        claimed_country=who["country"],
        has_place=who["has_place"],
    )


def _handler(
    row: dict[str, Any],
    moment: Moment,
    who: Who,
    role: str,
    privileges: tuple[str, ...] | None,
    *,
    judged: bool = False,
) -> Facts:
    facts, handled = handler_facts(moment, who, role)
    party = moment.party(facts.values["id"])
    if party is None or not facts.values["third_party"]:
        return facts
    under, _ = contract_facts(moment, party, handled.contracts, _work(row, handled, privileges, judged=judged))
    facts.add(under)
    contract = moment.contracts.get(under.values["contract"])
    limit = cite(contract, "scope.users_per_day") if contract else f"no contract in force with {party.id}"
    facts.say("users_in_scope", row[f"{role}.users_in_scope"], f"{limit}; event records.users")
    return facts


def _received_source(row: dict[str, Any]) -> str:
    """Return what names the party that receives."""
    if row["destination.claimed_party"] is not None:
        return "event destination.claimed_party"
    return "fact destination.operator" if row["destination.third_party_equipment"] else "event exposure.party"


def _work(row: dict[str, Any], handled: Handled, privileges: tuple[str, ...] | None, *, judged: bool) -> Work:
    fields = row["records.fields"]
    return Work(
        asset=row["asset.id"],
        fields=None if fields is None else tuple(fields),
        privileges=privileges,
        judged=judged,
        purpose=row["purpose"],
        countries=handled.countries,
        countries_known=handled.countries_known,
    )
