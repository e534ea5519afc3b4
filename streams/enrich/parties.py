"""What the register says of a party by itself: where it is located, and whether it is a third party.

Law: ORD 22-2-23 (iii) ロ, ハ, ニ; PPC-X (own foreign subsidiaries); question Q10; domain §4, §9.1.
"""

from __future__ import annotations

from typing import Final

from schemas.answers import CountryBasis
from schemas.register import Party
from streams.enrich.facts import cite
from streams.register_moment import Moment

_COUNTRY_FIELDS: Final[dict[CountryBasis, str]] = {
    "contracting_entity": "contracting_country",
    "operating_entity": "operating_country",
    "ultimate_parent": "parent_country",
}


def located_in(party: Party | None, moment: Moment) -> tuple[str | None, str]:
    """Return the country in which a party is located (third_party.country_basis), and where that comes from.

    There is no falling back from one entity to another: the country of an entity that is not written down is unknown.
    """
    basis = moment.settings.third_party.country_basis
    setting = f"setting third_party.country_basis = {basis}"
    if party is None:
        return None, setting
    field = _COUNTRY_FIELDS[basis]
    return getattr(party, field), f"{cite(party, field)}; {setting}"


def is_third_party(party: Party | None) -> bool | None:
    """Return whether a party is somebody other than the carrier; None if it is unknown.

    A group company with legal personality of its own is a third party (PPC-X); a branch without one is the carrier.
    """
    if party is None:
        return None
    return party.kind != "own" and (party.kind != "group_company" or party.legal_personality)


def has_cloud_exception(party: Party | None, moment: Moment) -> tuple[bool, str]:
    """Return whether evidence of the cloud exception (クラウド例外, Q10) holds for a party, and where that comes from.

    Both the clause and the access control must be evidenced, from the date of the evidence on.
    """
    setting = f"setting cloud_exception.enabled = {str(moment.settings.cloud_exception.enabled).lower()}"
    evidence = party.cloud_exception if party is not None else None
    if party is None or evidence is None:
        return False, f"{cite(party, 'cloud_exception')} is absent; {setting}" if party else setting
    holds = (
        moment.settings.cloud_exception.enabled
        and evidence.contract_no_handling_clause
        and evidence.access_control_in_place
        and evidence.evidence_date <= moment.day
    )
    return holds, f"{cite(party, 'cloud_exception')}; {setting}"
