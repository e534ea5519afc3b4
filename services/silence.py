"""Silent log sources: sources that the register expects to hear from, and when an event of each was last recorded.

What counts is when an event was recorded, not when it says it happened: a source that is cut off cannot be made up for
by a clock that is wrong.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from schemas.register import Register
from services.store import Store, statement
from streams.register_versions import valid_at

MAX_SOURCES: Final = 10_000
"""Log sources that are watched at most; each is a label of metrics."""
LOOK_BACK: Final = dt.timedelta(days=35)
"""How far back a store is searched at the start for when a source was last heard of."""


def log_sources(register: Register, now: dt.datetime) -> dict[str, dt.timedelta]:
    """Return each log source that the register names at ``now`` (UTC) with the longest silence to expect of it."""
    found: dict[str, dt.timedelta] = {}
    for asset in register.assets:
        for one in asset.log_sources if valid_at(asset, now) else ():
            expected = dt.timedelta(minutes=one.expected_every_minutes)
            found[one.source] = min(expected, found.get(one.source, expected))
    return dict(sorted(found.items())[:MAX_SOURCES])


def last_heard(store: Store, sources: Iterable[str], now: dt.datetime) -> dict[str, dt.datetime]:
    """Return when an event of each source was last recorded, as far as the store goes back `LOOK_BACK`.

    Raises:
        StoreError: the store cannot be read.
    """
    rows = store.rows(statement("log_sources_heard"), {"sources": list(sources), "since": now - LOOK_BACK})
    return {row["source"]: row["heard_at"] for row in rows}


class Silence:
    """Knows which log sources are silent.

    Args:
        now: the clock, UTC.
    """

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self._heard: dict[str, dt.datetime] = {}
        self.expected: Mapping[str, dt.timedelta] = {}

    def expect(self, expected: Mapping[str, dt.timedelta], heard: Mapping[str, dt.datetime]) -> None:
        """Watch these sources from now on; one that was never heard of has its whole interval from now."""
        now = self._now()
        # In this order: whoever looks from another thread finds a time for every source that is expected.
        known = self._heard
        self._heard = {one: heard.get(one) or known.get(one) or now for one in [*self.expected, *expected]}
        self.expected = expected

    def hear(self, sources: Iterable[str | None]) -> None:
        """Note that events of these sources were recorded just now; those that nobody watches are left out."""
        now = self._now()
        self._heard.update((one, now) for one in sources if one and one in self.expected)

    @property
    def heard(self) -> Mapping[str, dt.datetime]:
        """When each watched source was last heard of."""
        return self._heard

    def silent(self) -> list[str]:
        """Return the sources that have been silent for longer than expected, sorted."""
        now = self._now()
        return sorted(one for one, longest in self.expected.items() if now - self._heard[one] > longest)
