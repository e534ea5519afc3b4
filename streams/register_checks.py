"""What must hold in a register beyond the form of each entry: nothing may refer to nothing, and nothing may tie."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from schemas.register import Asset, Country, Identity, OutsourcingContract, PolicyLine, Register
from streams.locators import pattern_of
from streams.patterns import intersect, specificity, tied
from streams.register_references import (
    FILL_IN,
    Loc,
    Problem,
    check_countries,
    check_overlaps,
    check_references,
)
from streams.register_versions import entries, overlap


def check(register: Register, elsewhere: Mapping[str, Collection[str]] | None = None) -> list[Problem]:
    """Return everything that does not hold together, errors and warnings, in the order of the register.

    Args:
        register: the register; an empty one has no problems.
        elsewhere: ids, by part, of entries that exist but could not be read; referring to them is no error.
    """
    problems = [*check_references(register, elsewhere or {})]
    for one in CHECKS:
        problems.extend(one(register))
    parts = {part: rank for rank, part in enumerate(Register.model_fields)}
    return sorted(problems, key=lambda problem: (parts[str(problem.loc[0])], *map(_sortable, problem.loc[1:])))


def _sortable(step: str | int) -> tuple[int, int, str]:
    return (0, step, "") if isinstance(step, int) else (1, 0, step)


def check_filled_in(register: Register) -> Iterator[Problem]:
    """Yield every place of a stub that nobody has filled in."""
    for located in entries(register):
        for loc in _unfilled(located.entry.model_dump()):
            what = f"{FILL_IN} still stands here"
            yield Problem((located.part, located.index, *loc), what, "the stub asks for it", "write what is true")


def _unfilled(value: object) -> Iterator[Loc]:
    if value == FILL_IN:
        yield ()
    elif isinstance(value, dict):
        yield from ((key, *loc) for key, inner in value.items() for loc in _unfilled(inner))
    elif isinstance(value, tuple):
        yield from ((at, *loc) for at, inner in enumerate(value) for loc in _unfilled(inner))


def check_locators(register: Register) -> Iterator[Problem]:
    """Yield locators of different assets that tie, spelt as they are looked up, while both assets hold."""
    places: list[tuple[str, Asset, Loc]] = [
        (pattern_of(locator.pattern), asset, ("assets", index, "locators", at, "pattern"))
        for index, asset in enumerate(register.assets)
        for at, locator in enumerate(asset.locators)
    ]
    for first, second in tied(pattern for pattern, _, _ in places):
        (_, one, _), (_, other, loc) = places[first], places[second]
        if one.id != other.id and overlap(one, other):
            what = f'this locator ties with one of the asset "{one.id}"'
            yield Problem(loc, what, "some text matches both, and neither is more specific", _MEND)


_MEND: Final = "make one of them more specific, or end one of the entries"


def check_identities(register: Register) -> Iterator[Problem]:
    """Yield identities that tie: neither issuer and subject nor the role decides between them."""
    # One text holds both; where a `*` reaches from one into the other, the closer look below says no.
    texts = [f"{identity.issuer}\n{identity.subject}" for identity in register.identities]
    for first, second in tied(texts):
        one, other = register.identities[first], register.identities[second]
        if one.id != other.id and overlap(one, other) and _same_people(one, other):
            what = f'this identity ties with "{one.id}"'
            yield Problem(("identities", second, "subject"), what, "somebody may match both alike", _MEND)


def _same_people(one: Identity, other: Identity) -> bool:
    """Return whether somebody matches both entries, with neither more specific."""
    if not (intersect(one.issuer, other.issuer) and intersect(one.subject, other.subject)):
        return False
    if one.role is None or other.role is None:
        return one.role is other.role
    return specificity(one.role) == specificity(other.role) and intersect(one.role, other.role)


def check_networks(register: Register) -> Iterator[Problem]:
    """Yield address ranges that cannot be read, and equal ones that hold at the same time."""
    seen: dict[object, list[int]] = defaultdict(list)
    for index, network in enumerate(register.networks):
        try:
            seen[ipaddress.ip_network(network.cidr)].append(index)
        except ValueError:
            yield Problem(("networks", index, "cidr"), "this is no address range", *_why_no_range(network.cidr))
    for group in seen.values():
        for at, second in enumerate(group):
            for first in group[:at]:
                one, other = register.networks[first], register.networks[second]
                if one.id != other.id and overlap(one, other):
                    what = f'this range ties with the network "{one.id}"'
                    yield Problem(("networks", second, "cidr"), what, "both name the same addresses", _MEND)


def _why_no_range(cidr: str) -> tuple[str, str]:
    """Return reason and remedy for a range that cannot be read."""
    try:
        wider = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return "it must be an IPv4 or IPv6 prefix", "write it like 192.0.2.0/24 or 2001:db8::/32"
    return "it has bits set behind its prefix", f"write {wider}"


def check_regions(register: Register) -> Iterator[Problem]:
    """Warn of one region name that stands for two countries: logs do not always tell the provider."""
    seen: dict[str, list[int]] = defaultdict(list)
    for index, region in enumerate(register.regions):
        for first in seen[region.name]:
            other = register.regions[first]
            if other.country != region.country and overlap(other, region):
                why = f"the region of {other.provider} stands in {other.country}"
                todo = "check both; a country that cannot be told counts as unknown"
                yield Problem(("regions", index, "name"), "this name stands for two countries", why, todo, "warning")
                break
        seen[region.name].append(index)


def check_cycles(register: Register) -> Iterator[Problem]:
    """Yield services that are their own parent, and parties that are their own principal, over any number of steps."""
    parents = {service.id: service.parent for service in register.services}
    principals = {party.id: party.principal for party in register.parties}
    for index, service in enumerate(register.services):
        if service.parent and _returns(service.id, parents):
            yield Problem(("services", index, "parent"), "the service is its own parent", "", "break the circle")
    for index, party in enumerate(register.parties):
        if party.principal and _returns(party.id, principals):
            yield Problem(("parties", index, "principal"), "the party works for itself", "", "break the circle")


def _returns(start: str, upward: Mapping[str, str | None]) -> bool:
    """Return whether going up from ``start`` comes back to it."""
    seen: set[str] = set()
    at = upward.get(start)
    while at is not None and at != start and at not in seen:
        seen.add(at)
        at = upward.get(at)
    return at == start


def check_services(register: Register) -> Iterator[Problem]:
    """Yield repeated months; warn of services that belong to no category, and of designations without a service."""
    for index, service in enumerate(register.services):
        months = [figure.month for figure in service.monthly_users]
        for at, month in enumerate(months):
            if month in months[:at]:
                loc = ("services", index, "monthly_users", at, "month")
                yield Problem(loc, f"the month {month} is there twice", "", "keep one figure per month")
        if service.category is None and service.parent is None:
            yield Problem(("services", index), "neither category nor parent is given", _REVIEW, "give one", "warning")
    provided = {service.category for service in register.services}
    for index, carrier in enumerate(register.carrier):
        for at, designation in enumerate(carrier.designations):
            if designation.service_category not in provided:
                what = f"no service has the designated category {designation.service_category}"
                loc = ("carrier", index, "designations", at, "service_category")
                yield Problem(loc, what, "then no asset can be in relation to it", "add the service", "warning")


_REVIEW: Final = "whether its data is specified user information cannot be told (Q4)"


def check_parties(register: Register) -> Iterator[Problem]:
    """Warn of re-subcontractors without a principal: nobody can have approved them."""
    for index, party in enumerate(register.parties):
        if party.kind == "re_subcontractor" and party.principal is None:
            why = "no approval can be found for it, so SC-RESUB is raised"
            yield Problem(("parties", index), "a re-subcontractor names no principal", why, "add principal", "warning")


def check_accounts(register: Register) -> Iterator[Problem]:
    """Yield accounts that name two parties at the same time, be it by the other's id."""
    seen: dict[str, list[int]] = defaultdict(list)
    for index, party in enumerate(register.parties):
        seen[party.id].append(index)
    for index, party in enumerate(register.parties):
        for at, account in enumerate(party.accounts):
            for first in seen[account]:
                other = register.parties[first]
                if other.id != party.id and overlap(other, party):
                    what = f'this account names the party "{other.id}" too'
                    loc: Loc = ("parties", index, "accounts", at)
                    yield Problem(loc, what, "events that name it could mean both", "leave it with one of them")
                    break
            seen[account].append(index)


def check_contracts(register: Register) -> Iterator[Problem]:
    """Yield approvals of work that the contract is not about; warn of staff under somebody else's contract."""
    for index, contract in enumerate(register.contracts):
        yield from _check_approvals(index, contract)
    holders = {contract.id: contract.party for contract in register.contracts}
    principals = {party.id: party.principal for party in register.parties}
    for index, identity in enumerate(register.identities):
        if identity.contract is None or identity.party is None or identity.contract not in holders:
            continue
        holder = holders[identity.contract]
        if identity.party != holder and not _works_for(identity.party, holder, principals):
            what = f'the contract "{identity.contract}" is not one of the party "{identity.party}"'
            todo = "name the contract of that party, or of its principal"
            yield Problem(("identities", index, "contract"), what, f'it is with "{holder}"', todo, "warning")


def _check_approvals(index: int, contract: OutsourcingContract) -> Iterator[Problem]:
    purposes = contract.scope.purposes or ()
    for at, approval in enumerate(contract.resub_approvals):
        loc = ("contracts", index, "resub_approvals", at)
        if approval.work != "*" and "*" not in purposes and approval.work not in purposes:
            yield Problem((*loc, "work"), "the contract has no such purpose", "", "write one of its purposes, or `*`")
        if approval.until is not None and approval.until <= approval.approved_on:
            yield Problem((*loc, "until"), "the approval ends before it begins", "", "correct one of the dates")


def _works_for(party: str, holder: str, principals: Mapping[str, str | None]) -> bool:
    """Return whether ``holder`` is above ``party`` in the chain of principals."""
    seen: set[str] = set()
    at: str | None = party
    while at is not None and at not in seen:
        if at == holder:
            return True
        seen.add(at)
        at = principals.get(at)
    return False


def check_policy(register: Register) -> Iterator[Problem]:
    """Warn of published lines that cannot satisfy their item."""
    for index, line in enumerate(register.policy):
        for field, what, why in _idle_line(line):
            loc: Loc = ("policy", index, field) if getattr(line, field) is not None else ("policy", index)
            yield Problem(loc, what, why, "correct the line, or publish it so", "warning")


def _idle_line(line: PolicyLine) -> Iterator[tuple[str, str, str]]:
    if line.item != "storage_party" and line.umu is None:
        yield "umu", "the line does not say whether an affecting system exists (有無)", "ORD 22-2-23 (iii) asks for it"
    if line.disclosure == "on_request":
        yield "disclosure", "what is told on request only satisfies no item", "ORD 22-2-23 asks for the Internet (Q9)"
    if line.country == "JP":
        yield "country", "the line names Japan", "the items are about foreign countries"


def check_assessments(register: Register) -> Iterator[Problem]:
    """Warn of assessments that have an answer but no date: they count as never made."""
    for index, country in enumerate(register.countries):
        if _undated(country):
            why = "without assessed_on it counts as missing (FS-UNASSESSED)"
            yield Problem(("countries", index), "the assessment has no date", why, "add assessed_on", "warning")


def _undated(country: Country) -> bool:
    return country.affecting != "unknown" and country.assessed_on is None


CHECKS: Final[tuple[Callable[[Register], Iterator[Problem]], ...]] = (
    check_filled_in,
    check_overlaps,
    check_countries,
    check_locators,
    check_identities,
    check_networks,
    check_regions,
    check_cycles,
    check_services,
    check_parties,
    check_accounts,
    check_contracts,
    check_policy,
    check_assessments,
)
"""Every check but that of references, which needs to know of broken entries too."""
