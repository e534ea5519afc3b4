"""The register as it holds on one day: who and what exists, under which settings."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from schemas.interpretations import Interpretations
from schemas.register import (
    Asset,
    Carrier,
    Country,
    Entry,
    OutsourcingContract,
    Party,
    PlannedTransfer,
    PolicyItem,
    PolicyLine,
    Region,
    Register,
    Service,
)
from streams.register_versions import key_of

E = TypeVar("E", bound=Entry)


def holds(entry: Entry, day: dt.date) -> bool:
    """Return whether an entry is valid on ``day``: from its first day on, until the day before ``valid_to``."""
    return entry.valid_from <= day and (entry.valid_to is None or day < entry.valid_to)


def first_holding(entries: Iterable[E], day: dt.date) -> E | None:
    """Return the first of ``entries`` that is valid on ``day``."""
    return next((entry for entry in entries if holds(entry, day)), None)


class Moment:
    """All entries that are valid on one day, by the names that others refer to them by.

    The register allows no two valid entries of one name (`streams.register_checks`); if there are, the first counts.

    Attributes:
        day: the day, Asia/Tokyo.
        register: the whole register, for what was or will be.
        settings: the interpretations in force on that day.
    """

    def __init__(self, register: Register, interpretations: Interpretations, day: dt.date) -> None:
        self.day = day
        self.register = register
        self.settings = interpretations.at(day)
        self.assets: dict[str, Asset] = self._named(register.assets)
        self.services: dict[str, Service] = self._named(register.services)
        self.contracts: dict[str, OutsourcingContract] = self._named(register.contracts)
        self.countries: dict[str, Country] = self._named(register.countries)
        self.planned: dict[str, PlannedTransfer] = self._named(register.planned_transfers)
        self.carrier: Carrier | None = first_holding(register.carrier, day)
        self.parties: dict[str, Party] = self._named(register.parties)
        self._accounts = self._by_account()
        self._contracts_of = self._by_party()
        self._policy = self._by_item()
        self._regions = self._by_region()

    def party(self, name: str | None) -> Party | None:
        """Return the party with this id, else the one that has an account of this name (``aws:123456789012``)."""
        if name is None:
            return None
        return self.parties.get(name) or self._accounts.get(name)

    def contracts_of(self, party_id: str) -> Sequence[OutsourcingContract]:
        """Return the contracts with a party that are in force."""
        return self._contracts_of.get(party_id, ())

    def policy_lines(self, item: PolicyItem, name: str) -> Sequence[PolicyLine]:
        """Return the lines published for an item on a country (for ``storage_party``: on a party).

        Only what stands on the Internet is published (ORD 22-2-23, Q9).
        """
        return self._policy.get((item, name), ())

    def regions(self, name: str) -> Sequence[Region]:
        """Return what the register says of a region name, of any provider."""
        return self._regions.get(name, ())

    def _named(self, part: Iterable[E]) -> dict[str, E]:
        found: dict[str, E] = {}
        for entry in part:
            if holds(entry, self.day):
                found.setdefault(key_of(entry), entry)
        return found

    def _by_account(self) -> dict[str, Party]:
        found: dict[str, Party] = {}
        for party in self.parties.values():
            for account in party.accounts:
                found.setdefault(account, party)
        return found

    def _by_party(self) -> dict[str, list[OutsourcingContract]]:
        found: dict[str, list[OutsourcingContract]] = defaultdict(list)
        for contract in self.contracts.values():
            found[contract.party].append(contract)
        return found

    def _by_item(self) -> dict[tuple[str, str], list[PolicyLine]]:
        found: dict[tuple[str, str], list[PolicyLine]] = defaultdict(list)
        for line in self.register.policy:
            name = line.party if line.item == "storage_party" else line.country
            if holds(line, self.day) and line.disclosure == "internet" and name is not None:
                found[line.item, name].append(line)
        return found

    def _by_region(self) -> dict[str, list[Region]]:
        found: dict[str, list[Region]] = defaultdict(list)
        for region in self.register.regions:
            if holds(region, self.day):
                found[region.name].append(region)
        return found
