"""Whether a register knows by now what events once named in vain."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections import defaultdict
from collections.abc import Iterable

from schemas.register import Entry, Register
from streams.patterns import IdentityIndex, PatternIndex
from streams.register_gaps import Unknown
from streams.register_versions import valid_at


class Known:
    """What a register knows, looked up the way events name it.

    A thing counts as known if entries hold both when it was first and when it was last named.
    """

    def __init__(self, register: Register) -> None:
        self._ids: dict[str, list[Entry]] = defaultdict(list)
        for asset in register.assets:
            self._ids[f"asset_id {asset.id}"].append(asset)
        for party in register.parties:
            for name in (party.id, *party.accounts):
                self._ids[f"party {name}"].append(party)
        self._locators = PatternIndex(
            (locator.pattern, asset) for asset in register.assets for locator in asset.locators
        )
        self._identities = IdentityIndex(
            (one.issuer, one.subject, None, one) for one in register.identities if one.party is not None
        )
        self._networks = [(ipaddress.ip_network(one.cidr), one) for one in register.networks if one.country is not None]
        for region in register.regions:
            self._ids[f"region {region.name}"].append(region)
        for country in register.countries:
            if country.affecting != "unknown" and country.assessed_on is not None:
                self._ids[f"country {country.code}"].append(country)

    def knows(self, unknown: Unknown) -> bool:
        """Return whether an entry of the register says what events of this kind could not be told."""
        found = self._entries(unknown) if unknown.name is not None else []
        return _hold(found, unknown.first) and _hold(found, unknown.last)

    def _entries(self, unknown: Unknown) -> Iterable[Entry]:
        """Return the entries that the name matches, at any time."""
        name = unknown.name or ""
        if unknown.kind == "asset":
            return self._locators.find_all(name)
        if unknown.kind == "identity":
            return self._identities.find_all(unknown.issuer or "", name)
        if unknown.kind == "network":
            return self._around(name)
        return self._ids.get(f"{unknown.kind} {name}", [])

    def _around(self, address: str) -> list[Entry]:
        """Return the networks that an address is in."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return []
        return [one for network, one in self._networks if ip.version == network.version and ip in network]


def _hold(found: Iterable[Entry], moment: dt.datetime) -> bool:
    return any(valid_at(entry, moment) for entry in found)
