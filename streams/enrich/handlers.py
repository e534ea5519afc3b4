"""A handler: who somebody is, which party they work for, where they handle data, and how that party is supervised.

Law: ORD 22-2-22 (ii) (subcontractors), 22-2-23 (iii) ハ, APPI 28; questions Q10, Q11; domain §3, §4, §9.1, §9.2.

Whom a handler works for, `streams.enrich.employers` tells.

Where: handling.country_basis asks for the party's country, for the location (home office and place), or for either.
One foreign country is enough to be abroad; Japan it is only if every country asked for is known and is Japan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.base import JAPAN
from schemas.register import Party
from streams.enrich.contracts import contracts_of, had_contract
from streams.enrich.countries import country_facts, listing
from streams.enrich.employers import Who, disputed_by, party_of
from streams.enrich.facts import Facts, abroad, cite, foreign, joined
from streams.enrich.parties import has_cloud_exception, is_third_party, located_in
from streams.register_days import is_fresh
from streams.register_moment import Moment

HANDLER_FACTS: Final = (
    "id", "known", "claimed", "ref", "person_known", "kind", "third_party", "subcontractor", "principal",
    "country", "home_country", "place_country", "abroad", "foreign_countries", "countries_known",
    "policy_lists_outsourcing", "umu_matches", "cloud_exception", "assessment", "assessment_sources",
    "assessment_sourced", "country_in_use", "appi28_valid", "selected", "review_current", "contract_ended",
)  # fmt: skip
"""Facts of a handler, without the role in the name, that do not depend on what is handled."""

_ON_BEHALF: Final = frozenset({"subcontractor", "re_subcontractor", "cloud_provider", "group_company"})


@dataclass(frozen=True, slots=True)
class Handled:
    """What the contract's scope is compared with: the contracts, and the countries of handling as far as known."""

    contracts: tuple[str, ...]
    countries: tuple[str, ...]
    countries_known: bool


def handler_facts(moment: Moment, who: Who, role: str) -> tuple[Facts, Handled]:
    """Return the facts (`HANDLER_FACTS`) of a handler for ``role`` (party or recipient), and how it handles."""
    facts = Facts()
    party, source = party_of(moment, who)
    _say_who(facts, moment, party, source, who)
    facts.say("cloud_exception", *has_cloud_exception(party, moment))
    _say_subcontractor(facts, moment, party)
    located = _say_where(facts, moment, party, who, role)
    _say_policy(facts, moment)
    _say_supervision(facts, moment, party)
    contracts = contracts_of(moment, party, who.identity)
    ended = had_contract(moment, party, who.identity) and not contracts
    facts.say("contract_ended", ended if facts.values["third_party"] is not False else None, "register contracts")
    known = tuple(country for country in located if country is not None)
    handled = Handled(tuple(contract.id for contract in contracts), known, len(known) == len(located) > 0)
    return facts, handled


def gravity(facts: Facts, who: Who) -> int:
    """Return how grave it is that somebody handles, so that of two the graver one counts.

    A government that is not known to be Japan's is gravest (6), then a third party abroad (5): a made-up name beside it
    must not hide it. Then somebody unknown (4), a third party of whom the country is not known (3), a third party in
    Japan (2), and the carrier itself not known to be in Japan (1), and in Japan (0). The carrier itself comes last
    wherever it is: next to nothing that rules ask of others is asked of it.
    """
    in_japan = facts.values["abroad"] is False
    if not in_japan and (who.government or facts.values["kind"] == "government"):
        return 6
    third_party = facts.values["third_party"]
    if third_party is None:
        return 4
    return 5 if third_party and facts.values["abroad"] else 2 * third_party + (not in_japan)


def place_of(who: Who, role: str) -> tuple[str | None, str]:
    """Return the country somebody came from, and where that comes from.

    The registered network counts, then the MMDB file, then the event's claim; but a foreign claim is never turned
    domestic by the other two.
    """
    claim_source = "event origin.country" if role == "party" else "event destination or exposure"
    country, source = who.geo, "MMDB file"
    if who.network is not None and who.network.country is not None:
        country, source = who.network.country, cite(who.network, "country")
    if country is None or (country == JAPAN and abroad(who.claimed_country)):
        country, source = who.claimed_country, claim_source
    return country, source if country is not None else "neither network, MMDB file nor event tells"


def _say_who(facts: Facts, moment: Moment, party: Party | None, source: str, who: Who) -> None:
    facts.say("id", party.id if party else None, source)
    facts.say("known", party is not None, cite(party) if party else source)
    own = who.claim is not None and is_third_party(moment.party(who.claim)) is False
    facts.say("claimed", party is None and who.claim is not None and not own, who.claim_source)
    facts.say("ref", cite(party).removeprefix("register ") if party else None, source)
    elsewhere = disputed_by(moment, party, who)
    known = who.identity is not None and not who.identity.shared and not who.nameless and elsewhere is None
    shared = cite(who.identity, "shared") if who.identity else "no register entry identities"
    disputed = f"; an own identity in the network of another party: {elsewhere}" if elsewhere else ""
    facts.say("person_known", known if who.has_home else None, f"{shared}; event actor.kind{disputed}")
    facts.say("kind", party.kind if party else None, cite(party, "kind") if party else source)
    facts.say("third_party", is_third_party(party), cite(party, "kind") if party else source)


def _say_subcontractor(facts: Facts, moment: Moment, party: Party | None) -> None:
    """Say whether supervision applies (委託先の監督): to whom handles on our behalf, unless the exception lifts it."""
    removes = moment.settings.cloud_exception.removes
    lifted = facts.values["cloud_exception"] and "outsourcing" in removes
    third_party = facts.values["third_party"]
    on_behalf = party is not None and party.kind in _ON_BEHALF
    source = f"{facts.sources['third_party']}; {facts.sources['cloud_exception']}"
    facts.say("subcontractor", None if third_party is None else third_party and on_behalf and not lifted, source)
    facts.say("principal", party.principal if party else None, cite(party, "principal") if party else source)


def _say_where(facts: Facts, moment: Moment, party: Party | None, who: Who, role: str) -> tuple[str | None, ...]:
    """Say where a party handles data, and return the countries in which it does so; None stands for an unknown one."""
    basis = moment.settings.handling.country_basis
    country, country_source = located_in(party, moment)
    home = who.identity.home_country if who.identity else None
    place, place_source = place_of(who, role)
    facts.say("country", country, country_source)
    home_source = cite(who.identity, "home_country") if who.identity else "no register entry identities"
    facts.say("home_country", home, home_source)
    facts.say("place_country", place, place_source)
    location = (*((home,) if who.has_home else ()), *((place,) if who.has_place or place is not None else ()))
    asked = {"party": (country,), "location": location, "either": (country, *location)}[basis]
    known = bool(asked) and None not in asked
    source = f"{country_source}; {home_source}; {place_source}; setting handling.country_basis = {basis}"
    facts.say("abroad", True if foreign(asked) else (False if known else None), source)
    facts.say("countries_known", known, source)
    facts.say("foreign_countries", joined(foreign(asked)), source)
    return (country,) if basis == "party" else location


def _say_policy(facts: Facts, moment: Moment) -> None:
    """Say what the policy lists under ハ; an unknown country is never listed, and the carrier itself needs no line."""
    text = facts.values["foreign_countries"]
    codes = tuple(text.split("+")) if text else ()
    if facts.values["third_party"] is False:
        facts.say("policy_lists_outsourcing", None, "the carrier itself")
    elif facts.values["abroad"] is False:
        facts.say("policy_lists_outsourcing", None, "nothing to list in Japan")
    else:
        listed, source = listing(moment, "outsourcing", codes)
        known = facts.values["countries_known"]
        facts.say("policy_lists_outsourcing", listed and known, source if known else f"{source}; a country is unknown")
    facts.add(country_facts(moment, codes, [("outsourcing", code) for code in codes]))


def _say_supervision(facts: Facts, moment: Moment, party: Party | None) -> None:
    """Say what is on record of a party: selection, latest review, basis under APPI 28; absent for the carrier."""
    if facts.values["third_party"] is False:
        for name in ("selected", "review_current", "appi28_valid"):
            facts.say(name, None, "the carrier itself")
        return
    unknown = "the party is unknown"
    selected = party is not None and party.selection is not None and party.selection.date <= moment.day
    facts.say("selected", selected, cite(party, "selection") if party else unknown)
    interval = moment.settings.subcontractor.review_interval_days
    current = party is not None and any(is_fresh(review.date, interval, moment.day) for review in party.reviews)
    setting = f"setting subcontractor.review_interval_days = {interval}"
    facts.say("review_current", current, f"{cite(party, 'reviews')}; {setting}" if party else unknown)
    setting = f"setting appi28.confirm_interval_days = {moment.settings.appi28.confirm_interval_days}"
    facts.say("appi28_valid", _appi28(moment, party), f"{cite(party, 'appi28')}; {setting}" if party else unknown)


def _appi28(moment: Moment, party: Party | None) -> bool:
    """Return whether a basis under APPI 28 holds.

    Equivalent measures must be confirmed about once a year (PPC-X 6-1); the first year runs from their beginning.
    """
    basis = party.appi28 if party else None
    if basis is None or basis.since > moment.day:
        return False
    if basis.kind != "equivalent_measures":
        return True
    interval = moment.settings.appi28.confirm_interval_days
    dates = [date for date in (basis.since, basis.confirmed_on) if date is not None]
    return any(is_fresh(date, interval, moment.day) for date in dates)
