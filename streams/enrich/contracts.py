"""Contracts: under which one a third party handles data, and whether what it did lies within its scope.

Law: ORD 22-2-22 (ii) イ to ハ; PPC-G 3-4-4 (re-subcontracting); domain §3, §9.2. Nothing unknown is ever in scope: an
absent list of the scope allows nothing, ``*`` allows everything, and a datum that the event does not tell leaves the
fact absent (the asset excepted: one that the register does not know is not named by any contract).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemas.register import Identity, OutsourcingContract, Party
from streams.enrich.facts import Facts, cite
from streams.register_moment import Moment

CONTRACT_FACTS: Final = (
    "contract", "contract_in_force", "asset_in_scope", "fields_in_scope", "privileges_in_scope", "purpose_in_scope",
    "countries_in_scope", "resub_approved",
)  # fmt: skip
"""Facts of a third-party handler, without the role in the name, that depend on what is handled."""

_IN_SCOPE: Final = tuple(name for name in CONTRACT_FACTS if name.endswith("_in_scope"))
_EVERYTHING: Final = "*"


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody did, as a contract's scope sees it; None is what the event does not tell.

    Attributes:
        asset: register id of the asset.
        fields: names of the fields touched.
        privileges: the action, or for a grant the privileges given; not asked for if ``judged`` is false.
        judged: whether privileges are asked for at all: what the carrier sends to a recipient is no act of the latter.
        purpose: the stated purpose.
        countries: the countries of handling as far as they are known.
        countries_known: whether those are all.
    """

    asset: str | None
    fields: tuple[str, ...] | None
    privileges: tuple[str, ...] | None
    judged: bool
    purpose: str | None
    countries: tuple[str, ...]
    countries_known: bool


def chain(moment: Moment, party: Party) -> Iterator[Party]:
    """Yield a party and, for a re-subcontractor, the parties it works for, up to the one that the carrier contracts."""
    seen: set[str] = set()
    link: Party | None = party
    while link is not None and link.id not in seen:
        yield link
        seen.add(link.id)
        link = moment.party(link.principal) if link.kind == "re_subcontractor" else None


def contracts_of(moment: Moment, party: Party | None, identity: Identity | None) -> tuple[OutsourcingContract, ...]:
    """Return the contracts in force under which a party may handle: the identity's own if it names one, else all.

    A re-subcontractor handles under the contracts of those it works for as well. An identity's contract with somebody
    else than its party (or that party's principals) does not count.
    """
    if party is None:
        return ()
    parties = [link.id for link in chain(moment, party)]
    if identity is not None and identity.contract is not None:
        named = moment.contracts.get(identity.contract)
        return (named,) if named is not None and named.party in parties else ()
    return tuple(contract for name in parties for contract in moment.contracts_of(name))


def had_contract(moment: Moment, party: Party | None, identity: Identity | None) -> bool:
    """Return whether the register holds a contract, of whatever period, under which the party would handle."""
    if party is None:
        return False
    parties = {link.id for link in chain(moment, party)}
    named = identity.contract if identity is not None else None
    return any(contract.party in parties and named in {None, contract.id} for contract in moment.register.contracts)


def contract_facts(moment: Moment, party: Party, contracts: tuple[str, ...], work: Work) -> tuple[Facts, int | None]:
    """Return the facts of `CONTRACT_FACTS` and the agreed users per day (None: no limit, or no contract).

    Of several contracts in force the one counts that allows the work best; among equals the first by id.
    """
    candidates = [_under(moment, party, moment.contracts[name], work) for name in sorted(set(contracts))]
    if candidates:
        return max(candidates, key=lambda candidate: _merit(candidate[0]))
    facts = Facts()
    source = f"no contract in force with {party.id}"
    for name in CONTRACT_FACTS:
        facts.say(name, None, source)
    facts.say("contract_in_force", False, source)
    if party.kind == "re_subcontractor":
        facts.say("resub_approved", False, source)
    return facts, None


def _under(moment: Moment, party: Party, contract: OutsourcingContract, work: Work) -> tuple[Facts, int | None]:
    """Return what one contract in force says of the work."""
    facts = Facts()
    facts.say("contract", contract.id, cite(contract))
    facts.say("contract_in_force", contract.sui_terms, cite(contract, "sui_terms"))
    scope = contract.scope
    verdicts = {
        "assets": ("asset", _EVERYTHING in (scope.assets or ()) or work.asset in (scope.assets or ())),
        "fields": ("fields", _within(scope.fields, work.fields)),
        "privileges": ("privileges", _within(scope.privileges, work.privileges) if work.judged else None),
        "purposes": ("purpose", _within(scope.purposes, None if work.purpose is None else (work.purpose,))),
        "countries": ("countries", _within(scope.countries, work.countries, complete=work.countries_known)),
    }
    for name, (fact, verdict) in verdicts.items():
        facts.say(f"{fact}_in_scope", verdict, cite(contract, f"scope.{name}"))
    facts.say("resub_approved", _approved(moment, party, contract, work), cite(contract, "resub_approvals"))
    return facts, scope.users_per_day


def _within(allowed: tuple[str, ...] | None, done: tuple[str, ...] | None, *, complete: bool = True) -> bool | None:
    """Return whether a scope's list names everything that was done; None if what it names is all that is known."""
    if allowed is None:
        return False
    if _EVERYTHING in allowed:
        return True
    if done is None:
        return None
    if not set(done) <= set(allowed):
        return False
    return True if complete else None


def _approved(moment: Moment, party: Party, contract: OutsourcingContract, work: Work) -> bool | None:
    """Return whether each re-subcontractor between party and contract is approved for the work; None for others."""
    if party.kind != "re_subcontractor":
        return None
    for link in chain(moment, party):
        if link.id == contract.party:
            return True
        if not any(
            approval.party == link.id
            and approval.approved_on <= moment.day
            and (approval.until is None or moment.day < approval.until)
            and approval.work in {_EVERYTHING, work.purpose}
            for approval in contract.resub_approvals
        ):
            return False
    return False


def _merit(facts: Facts) -> tuple[int, ...]:
    """Rank contracts: SUI terms, asset, approval, then the rest of the scope; unknown lies between yes and no."""
    ranked = ("contract_in_force", "asset_in_scope", "resub_approved", *_IN_SCOPE[1:])
    return tuple({True: 2, None: 1, False: 0}[facts.values[name]] for name in ranked)
