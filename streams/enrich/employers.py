"""Whom somebody works for, as far as register and event tell.

That is the party that the register says of the identity; else the third party that the event names, by id or by
account; else the third party whose registered network the address lies in. Never the carrier itself: neither saying so
nor being in its network proves employment. Where data goes is no question of employment: a recipient may be claimed to
be the carrier itself, as long as register and country do not speak against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.register import Identity, Network, Party
from streams.enrich.facts import abroad, cite
from streams.enrich.parties import is_third_party
from streams.register_moment import Moment


@dataclass(frozen=True, slots=True)
class Who:
    """What is known of a handler before the register is asked about parties.

    Attributes:
        identity: the entry that issuer, subject and role resolve to; None for a recipient.
        claim: the party that the event names, by register id or by account.
        claim_source: where the event names it, for provenance.
        operator: the party that operates the equipment of a recipient that a transfer names.
        government: the event itself says that the recipient is a government.
        nameless: the event itself says that the account is shared or the person unknown.
        network: the registered network that the address lies in.
        geo: the country of the address by MMDB.
        claimed_country: the country that the event claims; of a recipient, where the data goes.
        has_home: whether a home office is asked for: a person's or service's, not an organisation's.
        has_place: whether the place is asked for: not of a grantee, who has not come yet, nor of a service whose event
            tells no origin.
    """

    identity: Identity | None = None
    claim: str | None = None
    claim_source: str = "event"
    operator: str | None = None
    government: bool = False
    nameless: bool = False
    network: Network | None = None
    geo: str | None = None
    claimed_country: str | None = None
    has_home: bool = True
    has_place: bool = True


def party_of(moment: Moment, who: Who) -> tuple[Party | None, str]:
    """Return the party that somebody works for, and where that comes from."""
    if who.identity is not None and who.identity.party is not None:
        return moment.party(who.identity.party), cite(who.identity, "party")
    if who.claim is not None:
        party = moment.party(who.claim)
        return (party, who.claim_source) if is_third_party(party) is not False else _claimed_as_own(moment, who, party)
    if who.network is not None and who.network.party is not None:
        party = moment.party(who.network.party)
        if is_third_party(party):
            return party, cite(who.network, "party")
    return None, "neither identity, event nor network names a party"


def disputed_by(moment: Moment, party: Party | None, who: Who) -> str | None:
    """Return the network that disputes an own identity: another organisation's, in which the carrier has no business.

    A cloud provider's is none: the carrier's own hosts stand there.
    """
    other = moment.party(who.network.party) if who.network else None
    if who.network is None or other is None or other.kind == "cloud_provider":
        return None
    return cite(who.network, "party") if is_third_party(other) and is_third_party(party) is False else None


def _claimed_as_own(moment: Moment, who: Who, party: Party | None) -> tuple[Party | None, str]:
    """Return what a claim to be the carrier itself comes to.

    Of a person or service nothing. Of a recipient it counts, unless a third party operates the equipment, who then
    receives, or the data goes abroad and the register knows of no equipment of the carrier's own there.
    """
    claim = f"{who.claim_source} names the carrier itself"
    if who.has_home:
        return None, f"{claim}, which proves nothing of an identity whose party is not in the register"
    operator = moment.party(who.operator)
    if is_third_party(operator):
        return operator, f"fact destination.operator; {claim}, which does not hold of a third party's equipment"
    if operator is None and who.has_place and abroad(who.claimed_country):
        return None, f"{claim}, but the data goes abroad and no equipment of the carrier's there is in the register"
    return party, who.claim_source
