"""The register, ready to be asked about whole batches of events, each as of its own time.

Time is cut into *segments* at every instant at which any fact can change (`streams.register_days`). Within a segment
all facts are constant, so a distinct question per segment is answered once.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import polars as pl

from schemas.interpretations import Interpretations
from schemas.register import Asset, Identity, Network, Register
from streams.asset_lookup import AssetLookup, Named
from streams.distinct import DistinctTable, Key
from streams.networks import NetworkIndex
from streams.patterns import IdentityIndex
from streams.register_days import change_days, instant, validity_days
from streams.register_moment import Moment, holds

T = TypeVar("T")
Geo = Callable[[str], str | None]
"""Country (ISO 3166-1 alpha-2) that an address is in according to the operator's own MMDB file; None if unknown."""

MAX_MOMENTS: Final = 128
"""Moments kept at most; batches are close to each other in time, so few are enough."""

MAX_ADDRESSES: Final = 32_768
"""Addresses remembered at most; they are short and many."""

_ENTRY: Final = {"entry": pl.Int32()}
_NAMED: Final = {"entry": pl.Int32(), "disagree": pl.Boolean()}


def no_geo(_ip: str) -> str | None:
    """Return None for every address: what is known of addresses without an MMDB file."""
    return None


class RegisterIndex:
    """Answers who and what an event is about, as of the event's time. Built once per version of register and settings.

    Entries of the register are told by their index in its lists, in Int32 columns called ``entry``; null: unknown.
    It remembers what it was asked, so that it need not find it again; `turn` keeps threads from doing so at once.

    Args:
        register: the register; it need not be complete, or hold anything.
        interpretations: the settings.
        geo: tells the country of an address.

    Raises:
        RegisterError: an address range of the register cannot be read.
    """

    def __init__(self, register: Register, interpretations: Interpretations, geo: Geo = no_geo) -> None:
        self.register = register
        self.interpretations = interpretations
        self.geo = geo
        self._days = change_days(register, interpretations)
        self._instants = pl.Series([instant(day) for day in self._days[1:]], dtype=pl.Datetime("us", "UTC"))
        self._moments: OrderedDict[int, Moment] = OrderedDict()
        self._asset_periods = _Periods(self._days, validity_days(register.assets))
        self._identity_periods = _Periods(self._days, validity_days(register.identities))
        self._network_periods = _Periods(self._days, validity_days(register.networks))
        self._asset_lookup = AssetLookup(register.assets)
        self._identities = IdentityIndex(
            (entry.issuer, entry.subject, entry.role, index) for index, entry in enumerate(register.identities)
        )
        self._networks = NetworkIndex(register.networks)
        self._asset_table = DistinctTable(_NAMED, self._find_asset)
        self._identity_table = DistinctTable(_ENTRY, lambda key: (self._find_identity(key),))
        self._network_table = DistinctTable(_ENTRY, lambda key: (self._find_network(key),))
        self._geo_table = DistinctTable(
            {"geo": pl.String()}, lambda key: (self._find_country(key),), limit=MAX_ADDRESSES
        )
        self._kept: dict[Callable[[RegisterIndex], Any], Any] = {}
        self._settings: dict[Callable[[Interpretations], Any], pl.Series] = {}
        self._turns = [None]  # taking the one turn out of a list is one step, which no other thread can split

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the index for one batch.

        Raises:
            RuntimeError: another thread holds it. Each thread needs an index of its own, or has to wait.
        """
        try:
            self._turns.pop()
        except IndexError:
            raise RuntimeError("an index of the register serves one thread at a time, and two have asked it") from None
        try:
            yield
        finally:
            self._turns.append(None)

    def segments(self, times: pl.Series) -> pl.Series:
        """Return the segment (UInt32) that each time (Datetime µs UTC) falls into."""
        return self._instants.search_sorted(times, side="right").cast(pl.UInt32)

    def segment_of(self, time: dt.datetime) -> int:
        """Return the segment that one time falls into."""
        return int(self.segments(pl.Series([time], dtype=pl.Datetime("us", "UTC")))[0])

    def moment(self, segment: int) -> Moment:
        """Return the register as it holds throughout a segment."""
        found = self._moments.get(segment)
        if found is None:
            found = Moment(self.register, self.interpretations, self._days[segment])
            self._moments[segment] = found
            if len(self._moments) > MAX_MOMENTS:
                self._moments.popitem(last=False)
        self._moments.move_to_end(segment)
        return found

    def assets(self, ids: pl.Series, locators: pl.Series, segments: pl.Series) -> pl.DataFrame:
        """Return what ids and locators (String) name: the asset (Int32 ``entry``), and Boolean ``disagree``.

        See `streams.asset_lookup`.
        """
        keys = pl.DataFrame({"id": ids, "locator": locators, "period": self._asset_periods.of(segments)})
        return self._asset_table.of(keys)

    def named(self, name: str | None, locator: str | None, segment: int) -> Named:
        """Return which asset an id and a locator name in a segment, and why it is unknown if it is."""
        return self._asset_lookup.find(name, locator, self._days[segment])

    def identities(self, issuers: pl.Series, subjects: pl.Series, roles: pl.Series, segments: pl.Series) -> pl.Series:
        """Return the identity entries (Int32) of principals (all String); see `streams.patterns.IdentityIndex`."""
        period = self._identity_periods.of(segments)
        keys = pl.DataFrame({"issuer": issuers, "subject": subjects, "role": roles, "period": period})
        return self._identity_table.of(keys)["entry"]

    def addresses(self, ips: pl.Series, segments: pl.Series) -> pl.DataFrame:
        """Return of each address (String) its network (Int32 ``entry``) and its country by MMDB (String ``geo``)."""
        keys = self._networks.keys(ips).with_columns(period=self._network_periods.of(segments))
        found = self._network_table.of(keys)
        if self.geo is no_geo:
            return found.with_columns(geo=pl.lit(None, pl.String))
        return pl.concat([found, self._geo_table.of(ips.to_frame("ip"))], how="horizontal")

    def setting(self, read: Callable[[Interpretations], Any], segments: pl.Series) -> pl.Series:
        """Return what ``read``, a function of a module, takes from the settings in force in each segment."""
        found = self._settings.get(read)
        if found is None:
            eras = {day: self.interpretations.at(day) for day in (self._days[0], *self.interpretations.change_days())}
            starts = list(eras)
            found = pl.Series([read(eras[starts[bisect_right(starts, day) - 1]]) for day in self._days])
            self._settings[read] = found
        return found[segments]

    def kept(self, make: Callable[[RegisterIndex], T]) -> T:
        """Return what ``make`` makes of this index, made when first asked for: a stage's own tables live here."""
        if make not in self._kept:
            self._kept[make] = make(self)
        found: T = self._kept[make]
        return found

    def asset(self, entry: int | None) -> Asset | None:
        """Return the asset with this index."""
        return None if entry is None else self.register.assets[entry]

    def identity(self, entry: int | None) -> Identity | None:
        """Return the identity with this index."""
        return None if entry is None else self.register.identities[entry]

    def network(self, entry: int | None) -> Network | None:
        """Return the network with this index."""
        return None if entry is None else self.register.networks[entry]

    def _find_asset(self, key: Key) -> tuple[int | None, bool]:
        named = self._asset_lookup.find(key["id"], key["locator"], self._asset_periods.days[key["period"]])
        return named.entry, named.disagree

    def _find_identity(self, key: Key) -> int | None:
        if key["issuer"] is None or key["subject"] is None:
            return None
        day, entries = self._identity_periods.days[key["period"]], self.register.identities
        found = self._identities.find_all(key["issuer"], key["subject"], key["role"])
        return next((index for index in found if holds(entries[index], day)), None)

    def _find_country(self, key: Key) -> str | None:
        return None if key["ip"] is None else self.geo(key["ip"])

    def _find_network(self, key: Key) -> int | None:
        day, networks = self._network_periods.days[key["period"]], self.register.networks
        found = self._networks.containing(key["cell"], key["ip"])
        return next((index for index in found if holds(networks[index], day)), None)


class _Periods:
    """Coarser than segments: the stretches of time in which the entries of one part stay the same."""

    def __init__(self, segment_days: list[dt.date], days: list[dt.date]) -> None:
        self.days = days
        self._of_segment = pl.Series([bisect_right(days, day) - 1 for day in segment_days], dtype=pl.UInt32)

    def of(self, segments: pl.Series) -> pl.Series:
        """Return the period (UInt32, an index of `days`) that each segment lies in."""
        return self._of_segment[segments]
