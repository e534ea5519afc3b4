"""The columns of the two handlers, ``party`` and ``recipient``, of a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from schemas.register import Identity
from streams.commit import Keys
from streams.distinct import DistinctTable, Key
from streams.enrich.columns import Chosen, beside, prefixed, text_of
from streams.enrich.contract_columns import HANDLED, WORK_COLUMNS, ContractColumns
from streams.enrich.facts import cite, schema_of
from streams.enrich.handlers import HANDLER_FACTS, Who, handler_facts
from streams.enrich.keys import party_key
from streams.enrich.who import judged_principal, received_by
from streams.register_index import RegisterIndex


class HandlerColumns:
    """Facts of handlers under one version of register and settings.

    Args:
        index: that version.
    """

    def __init__(self, index: RegisterIndex) -> None:
        self._index = index
        self._profiles = _Profiles(index.register.identities)
        self._contracts = ContractColumns(index)
        self._party = DistinctTable({**schema_of("party", HANDLER_FACTS), **HANDLED}, self._resolve_party)
        self._recipient = DistinctTable({**schema_of("recipient", HANDLER_FACTS), **HANDLED}, self._resolve_recipient)

    def parties(self, seen: pl.DataFrame, segments: pl.Series, keys: Keys) -> pl.DataFrame:
        """Return the facts of who each event is judged by (`streams.enrich.who`), columns ``party.*``."""
        who = judged_principal(seen, self._index, segments)
        entry = self._index.identities(who["issuer"], who["subject"], who["role"], segments)
        address = self._index.addresses(who["ip"], segments)
        profile = self._profiles.of_entry.gather(entry)
        known = beside(who.select("claim", "nameless", "country", "has_place"), address)
        table = self._party.of(known.with_columns(profile=profile, segment=segments))
        key = party_key(beside(who, table.select("id")), keys)
        privileges = pl.when("granted").then("grant.privileges").otherwise(pl.concat_list("action"))
        under = self._contracts.of(seen, table, segments, beside(seen, who).select(privileges).to_series())
        facts = prefixed(beside(table.drop(HANDLED), under), "party")
        reference = self._profiles.references.gather(entry)
        return facts.with_columns(key.alias("party.key"), reference.alias("party.identity_ref"))

    def recipients(self, seen: pl.DataFrame, segments: pl.Series, keys: Keys) -> pl.DataFrame:
        """Return the facts of who receives (`streams.enrich.who`), columns ``recipient.*``; null if nobody does."""
        who = received_by(seen)
        received = Chosen(who, pl.col("received"))
        who, when = received.of(who).drop("received"), received.series(segments)
        table = self._recipient.of(who.with_columns(segment=when))
        nobody = pl.lit(None, pl.String)
        key = party_key(beside(who.with_columns(issuer=nobody, subject=nobody), table.select("id")), keys)
        under = self._contracts.of(received.of(seen.select(WORK_COLUMNS)), table, when, None)
        facts = prefixed(beside(table.drop(HANDLED), under), "recipient")
        facts = facts.with_columns(key.alias("recipient.key"), nobody.alias("recipient.identity_ref"))
        return received.spread(facts)

    def exposed(self, events: pl.DataFrame, segments: pl.Series) -> pl.Series:
        """Return whether the register knows the party that data is exposed to (Boolean, ``exposure.party_known``)."""
        asked = pl.DataFrame({"claim": events["exposure.party"], "segment": segments})
        named = Chosen(asked, pl.col("claim").is_not_null())
        who = named.of(asked).with_columns(country=pl.lit(None, pl.String), has_place=pl.lit(False))
        known = self._recipient.of(who.select("claim", "country", "has_place", "segment")).select("known")
        return named.spread(known)["known"].alias("exposure.party_known")

    def _resolve_party(self, key: Key) -> Sequence[Any]:
        who = Who(
            identity=self._profiles.example(key["profile"]),
            claim=key["claim"],
            nameless=key["nameless"],
            network=self._index.network(key["entry"]),
            geo=key["geo"],
            claimed_country=key["country"],
            has_place=key["has_place"],
        )
        return self._row(who, "party", key["segment"])

    def _resolve_recipient(self, key: Key) -> Sequence[Any]:
        who = Who(claim=key["claim"], claimed_country=key["country"], has_home=False, has_place=key["has_place"])
        return self._row(who, "recipient", key["segment"])

    def _row(self, who: Who, role: str, segment: int) -> Sequence[Any]:
        facts, handled = handler_facts(self._index.moment(segment), who, role)
        hidden = (text_of(handled.contracts), text_of(handled.countries), handled.countries_known)
        return (*facts.row(HANDLER_FACTS), *hidden)


class _Profiles:
    """Identities that differ in name only are alike in everything a handler's facts depend on: one profile."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        numbers: dict[tuple[Any, ...], int] = {}
        self._examples: list[Identity] = []
        profiles: list[int] = []
        for identity in identities:
            alike = (identity.party, identity.home_country, identity.contract, identity.shared)
            if alike not in numbers:
                numbers[alike] = len(numbers)
                self._examples.append(identity)
            profiles.append(numbers[alike])
        self.of_entry = pl.Series(profiles, dtype=pl.UInt32)
        self.references = pl.Series(
            [cite(identity).removeprefix("register ") for identity in identities], dtype=pl.String
        )

    def example(self, profile: int | None) -> Identity | None:
        """Return an identity of this profile."""
        return None if profile is None else self._examples[profile]
