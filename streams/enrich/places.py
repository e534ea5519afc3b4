"""A place: in which country its equipment stands, who operates it, and what the policy of that day says of it.

Law: ORD 22-2-23 (iii) ロ(1) and (2), ハ, ニ; questions Q10, Q11; domain §4, §9.1. The country is what the register
says of the asset, else what it or the built-in table says of the region, else the event's claim. A region or claim
abroad, or a region that nobody knows, is never overruled by a weaker claim to be in Japan, and names that disagree
leave the country unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.base import JAPAN
from schemas.events import Persistence
from schemas.register import Asset, Party, PolicyItem
from streams.asset_lookup import NO_ENTRY
from streams.enrich.countries import country_facts, listing
from streams.enrich.facts import Facts, abroad, cite, foreign
from streams.enrich.parties import has_cloud_exception, is_third_party, located_in
from streams.regions import REGION_COUNTRIES
from streams.register_moment import Moment

PLACE_FACTS: Final = (
    "id", "known", "ref", "equipment_country", "abroad", "country_from", "country_disputed", "region_unknown",
    "stored", "in_transit",
    "operator", "third_party_equipment", "operator_country", "operator_abroad", "storage_service", "cloud_exception",
    "policy_lists_storage", "policy_names_operator", "policy_lists_cloud", "policy_lists_outsourcing",
    "assessment", "assessment_sources", "assessment_sourced", "country_in_use", "foreign_countries", "umu_matches",
)  # fmt: skip
"""Facts of a place, without the role in the name, that depend on few distinct values; the key is a pseudonym."""

_OF_OPERATOR: Final[tuple[PolicyItem, ...]] = ("outsourcing", "cloud")


@dataclass(frozen=True, slots=True)
class Placed:
    """What an event says of a place.

    Attributes:
        asset: the entry that id and locator resolve to.
        region: the provider's name of the region.
        claimed_country: the country that the event claims.
        persistence: whether data stays there; absent counts as stored.
        why_unknown: without an entry, the source that says why; for provenance only.
    """

    asset: Asset | None
    region: str | None = None
    claimed_country: str | None = None
    persistence: Persistence | None = None
    why_unknown: str = NO_ENTRY


def place_facts(moment: Moment, placed: Placed, role: str) -> Facts:
    """Return the facts of a place for ``role`` (asset or destination): names of `PLACE_FACTS`."""
    facts = Facts()
    asset = placed.asset
    facts.say("id", asset.id if asset else None, "event asset" if role == "asset" else "event destination")
    facts.say("known", asset is not None, cite(asset) if asset else placed.why_unknown)
    facts.say("ref", cite(asset).removeprefix("register ") if asset else None, "computed")
    _say_country(facts, moment, placed, role)
    _say_stay(facts, moment, placed, role)
    _say_operator(facts, moment, placed)
    _say_policy(facts, moment)
    return facts


def _say_country(facts: Facts, moment: Moment, placed: Placed, role: str) -> None:
    """Say in which country the equipment stands, and whether the event names another one."""
    told = [placed.asset.equipment_country] if placed.asset else []
    by_region, region_source = region_country(moment, placed)
    claim_source = f"event {role}.claimed_country"
    lost = placed.region is not None and by_region is None
    country, origin, source = None, None, region_source
    if placed.asset is not None and placed.asset.equipment_country is not None:
        country, origin, source = told[0], "register", cite(placed.asset, "equipment_country")
    elif by_region is not None and not (by_region == JAPAN and abroad(placed.claimed_country)):
        country, origin = by_region, "region"
    elif placed.claimed_country is not None and not (lost and placed.claimed_country == JAPAN):
        country, origin, source = placed.claimed_country, "event", claim_source
    facts.say("equipment_country", country, source)
    facts.say("abroad", abroad(country), source)
    facts.say("country_from", origin, source)
    facts.say("region_unknown", lost, region_source)
    others = [other for other in (by_region, placed.claimed_country) if other is not None]
    facts.say("country_disputed", any(other != country for other in others), f"{region_source}; {claim_source}")


def region_country(moment: Moment, placed: Placed) -> tuple[str | None, str]:
    """Return the country of a provider's region, by exact name, and where that comes from.

    An entry of the register counts for assets of its provider, and for assets whose operator is unknown. Entries of
    the register that disagree among themselves or with the built-in table on the asset of an unknown operator leave
    the country unknown.
    """
    if placed.region is None:
        return None, "no region"
    operator = placed.asset.operator if placed.asset else None
    entries = [entry for entry in moment.regions(placed.region) if operator in {None, entry.provider}]
    countries = {entry.country for entry in entries}
    source = "; ".join(cite(entry) for entry in entries)
    if built_in := REGION_COUNTRIES.get(placed.region):
        if operator is None or not entries:
            countries.add(built_in)
        source = source or "region table"
    return (countries.pop() if len(countries) == 1 else None), source or "no such region in register or region table"


def _say_stay(facts: Facts, moment: Moment, placed: Placed, role: str) -> None:
    """Say whether data is stored there: what passes or is in memory only if transit.treatment says so (Q11)."""
    treatment = moment.settings.transit.treatment
    passes = placed.persistence in {"transit", "memory"}
    source = f"event {role}.persistence; setting transit.treatment = {treatment}" if passes else f"event {role}"
    facts.say("stored", not passes or treatment == "store", source)
    facts.say("in_transit", passes and treatment == "review", source)


def _say_operator(facts: Facts, moment: Moment, placed: Placed) -> None:
    """Say who operates the equipment (ロ(2), ニ); of what is not in the register nothing is known."""
    asset = placed.asset
    operator = _operator(moment, asset)
    source = cite(asset, "operator") if asset else placed.why_unknown
    facts.say("operator", asset.operator if asset else None, source)
    facts.say("third_party_equipment", is_third_party(operator), f"{source}; {cite(operator)}" if operator else source)
    country, country_source = located_in(operator, moment)
    facts.say("operator_country", country, country_source)
    facts.say("operator_abroad", abroad(country), country_source)
    storage = asset.storage_service if asset else None
    facts.say("storage_service", storage, cite(asset, "storage_service") if asset else source)
    facts.say("cloud_exception", *has_cloud_exception(operator, moment))


def _say_policy(facts: Facts, moment: Moment) -> None:
    """Say what the published policy lists of the place.

    Nothing needs listing where the country is Japan: the fact is absent. An unknown country is never listed.
    """
    values = facts.values
    third_party = values["third_party_equipment"] is not False
    operator_country = values["operator_country"] if third_party else None
    _say_listed(facts, moment, "policy_lists_storage", "storage", values["equipment_country"])
    named = moment.policy_lines("storage_party", values["operator"]) if values["operator"] else ()
    names = bool(named) if third_party else None
    facts.say("policy_names_operator", names, cite(named[0]) if named else "no policy line for storage_party")
    if third_party:
        _say_listed(facts, moment, "policy_lists_cloud", "cloud", operator_country)
        _say_listed(facts, moment, "policy_lists_outsourcing", "outsourcing", operator_country)
    else:
        facts.say("policy_lists_cloud", None, "the carrier's own equipment")
        facts.say("policy_lists_outsourcing", None, "the carrier's own equipment")
    standing, operating = foreign([values["equipment_country"]]), foreign([operator_country])
    published: list[tuple[PolicyItem, str]] = [("storage", code) for code in standing]
    published += [(item, code) for item in _OF_OPERATOR for code in operating]
    facts.add(country_facts(moment, foreign((*standing, *operating)), published))


def _say_listed(facts: Facts, moment: Moment, name: str, item: PolicyItem, country: str | None) -> None:
    if country == JAPAN:
        facts.say(name, None, "nothing to list in Japan")
    else:
        facts.say(name, *listing(moment, item, foreign([country])))


def _operator(moment: Moment, asset: Asset | None) -> Party | None:
    return moment.party(asset.operator) if asset and asset.operator else None
