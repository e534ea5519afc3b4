"""Facts with their provenance, as the resolvers of this package say them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from schemas.base import JAPAN
from schemas.facts import COLUMNS
from schemas.register import Entry
from streams.column_types import DTYPES
from streams.register_versions import reference


@dataclass(slots=True)
class Facts:
    """What a resolver says: values by name, and for each the place it comes from.

    A source reads like ``register assets/crm-db@2025-04-01 operator``, ``policy policy/us-storage@2025-04-01``,
    ``setting transit.treatment = review`` or ``event origin.country``. A fact that nothing was found for names what
    was looked for, so that somebody can add it.
    """

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def say(self, name: str, value: Any, source: str) -> None:
        """Set a fact and tell where it comes from."""
        self.values[name] = value
        self.sources[name] = source

    def add(self, other: Facts, prefix: str = "") -> None:
        """Take over all of another resolver's facts, their names after ``prefix``."""
        for name, value in other.values.items():
            self.say(f"{prefix}{name}", value, other.sources[name])

    def row(self, names: Iterable[str]) -> tuple[Any, ...]:
        """Return the values in the order of ``names``; a name that was not said is null."""
        return tuple(self.values.get(name) for name in names)


def schema_of(role: str, names: Iterable[str]) -> dict[str, pl.DataType]:
    """Return the Polars schema of a role's facts, without the role in the names."""
    return {name: DTYPES[COLUMNS[f"{role}.{name}"].type] for name in names}


def cite(entry: Entry, field_name: str = "") -> str:
    """Return where in the register something stands: ``register parties/acme@2025-04-01 contracting_country``."""
    return f"register {reference(_PARTS[type(entry).__name__], entry)} {field_name}".rstrip()


def foreign(countries: Iterable[str | None]) -> tuple[str, ...]:
    """Return the countries other than Japan, sorted, each once; what is unknown is left out."""
    return tuple(sorted({country for country in countries if country is not None and country != JAPAN}))


def joined(countries: Iterable[str]) -> str | None:
    """Return countries joined by ``+``, None if there are none."""
    return "+".join(countries) or None


def abroad(country: str | None) -> bool | None:
    """Return whether a country is not Japan; None if it is unknown, for unknown is never domestic."""
    return None if country is None else country != JAPAN


_PARTS: Final = {
    "Carrier": "carrier", "Service": "services", "Asset": "assets", "Identity": "identities", "Party": "parties",
    "OutsourcingContract": "contracts", "Country": "countries", "PolicyLine": "policy",
    "PlannedTransfer": "planned_transfers", "Network": "networks", "Region": "regions",
}  # fmt: skip
