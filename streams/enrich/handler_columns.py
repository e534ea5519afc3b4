"""The columns of the two handlers, ``party`` and ``recipient``, of a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from schemas.register import Identity
from streams.column_types import absent
from streams.commit import Keys
from streams.distinct import DistinctTable, Key
from streams.enrich.columns import Chosen, beside, prefixed, text_of
from streams.enrich.contract_columns import HANDLED, WORK_COLUMNS, ContractColumns
from streams.enrich.contracts import CONTRACT_FACTS
from streams.enrich.employers import Who
from streams.enrich.facts import cite, schema_of
from streams.enrich.handlers import HANDLER_FACTS, gravity, handler_facts
from streams.enrich.keys import party_key
from streams.enrich.who import EXPOSED_COLUMNS, acted_for, exposed_to, judged_principal, received_by
from streams.register_index import RegisterIndex

_HIDDEN: Final = {**HANDLED, "gravity": pl.Int8()}
"""Columns of a handler that are no facts: what contracts are asked with, and which of two handlers counts."""

_RECIPIENT_FACTS: Final = tuple(
    f"recipient.{name}" for name in (*HANDLER_FACTS, *CONTRACT_FACTS, "users_in_scope", "key", "identity_ref")
)

_RECEIVER: Final = ("claim", "operator", "country", "has_place", "government")


class HandlerColumns:
    """Facts of handlers under one version of register and settings.

    Args:
        index: that version.
    """

    def __init__(self, index: RegisterIndex) -> None:
        self._index = index
        self._profiles = _Profiles(index.register.identities)
        self._contracts = ContractColumns(index)
        self._party = DistinctTable({**schema_of("party", HANDLER_FACTS), **_HIDDEN}, self._resolve_party)
        self._recipient = DistinctTable({**schema_of("recipient", HANDLER_FACTS), **_HIDDEN}, self._resolve_recipient)

    def parties(self, seen: pl.DataFrame, segments: pl.Series, keys: Keys) -> pl.DataFrame:
        """Return the facts of who each event is judged by (`streams.enrich.who`), columns ``party.*``."""
        who = judged_principal(seen, self._index, segments)
        judged = self._behind(seen, segments, Chosen(who, pl.col("proxy")), self._principals(who, segments))
        privileges = pl.when(judged["granted"]).then("grant.privileges").otherwise(pl.concat_list("action"))
        under = self._contracts.of(seen, judged, segments, seen.select(privileges).to_series())
        facts = prefixed(beside(judged[[*HANDLER_FACTS]], under), "party")
        reference = self._profiles.references[judged["entry"].cast(pl.UInt32)]
        return facts.with_columns(party_key(judged, keys).alias("party.key"), reference.alias("party.identity_ref"))

    def recipients(self, seen: pl.DataFrame, segments: pl.Series, keys: Keys) -> pl.DataFrame:
        """Return the facts of who receives (`streams.enrich.who`), columns ``recipient.*``; null if nobody does."""
        who = received_by(seen)
        received = Chosen(who, pl.col("received"))
        if received.none:
            return absent(_RECIPIENT_FACTS, len(who))
        seen = received.of(seen[[*WORK_COLUMNS, *EXPOSED_COLUMNS]])
        who, segments = received.of(who), received.series(segments)
        nobody = pl.lit(None, pl.String)
        found = self._beside_exposure(seen, segments, Chosen(who, pl.col("two")), self._receivers(who, segments))
        key = party_key(found.with_columns(issuer=nobody, subject=nobody), keys)
        under = self._contracts.of(seen, found, segments, None)
        facts = prefixed(beside(found[[*HANDLER_FACTS]], under), "recipient")
        facts = facts.with_columns(key.alias("recipient.key"), nobody.alias("recipient.identity_ref"))
        return received.spread(facts)

    def exposed(self, events: pl.DataFrame, segments: pl.Series) -> pl.Series:
        """Return whether the register knows the party that data is exposed to (Boolean, ``exposure.party_known``)."""
        asked = pl.DataFrame({"claim": events["exposure.party"], "segment": segments})
        named = Chosen(asked, pl.col("claim").is_not_null())
        if named.none:
            return absent(["exposure.party_known"], len(asked))["exposure.party_known"]
        nothing = pl.lit(None, pl.String)
        who = named.of(asked).with_columns(
            operator=nothing, country=nothing, has_place=pl.lit(False), government=pl.lit(False)
        )
        known = self._recipient.of(who[[*_RECEIVER, "segment"]])[["known"]]
        return named.spread(known)["known"].alias("exposure.party_known")

    def _principals(self, who: pl.DataFrame, segments: pl.Series) -> pl.DataFrame:
        """Return facts and hidden columns of principals, beside ``entry`` (identity) and what their keys need."""
        entry = self._index.identities(who["issuer"], who["subject"], who["role"], segments)
        address = self._index.addresses(who["ip"], segments)
        profile = self._profiles.of_entry[entry.cast(pl.UInt32)]
        known = beside(who[["claim", "nameless", "country", "has_place"]], address)
        table = self._party.of(known.with_columns(profile=profile, segment=segments))
        return beside(who[["issuer", "subject", "claim", "granted", "service"]], entry.to_frame("entry"), table)

    def _behind(self, seen: pl.DataFrame, segments: pl.Series, proxies: Chosen, actors: pl.DataFrame) -> pl.DataFrame:
        """Return the actors, or instead of a proxy the one behind it, if that one counts (`streams.enrich.who`)."""
        proxy = proxies.of(actors)
        if proxy.is_empty():
            return actors
        behind = self._principals(proxies.of(acted_for(seen)), proxies.series(segments))
        both_known = behind["person_known"] & proxy["person_known"]
        passes = proxy["service"] & proxy["third_party"].eq_missing(other=False)
        alike = (behind["gravity"] == proxy["gravity"]) & proxy["service"]
        counts = passes | alike | (behind["gravity"] > proxy["gravity"])
        return _replaced(actors, proxies, behind.with_columns(person_known=both_known), counts)

    def _receivers(self, who: pl.DataFrame, segments: pl.Series) -> pl.DataFrame:
        """Return facts and hidden columns of recipients, beside the party named."""
        table = self._recipient.of(who[[*_RECEIVER]].with_columns(segment=segments))
        return beside(who[["claim"]], table)

    def _beside_exposure(
        self, seen: pl.DataFrame, segments: pl.Series, two: Chosen, found: pl.DataFrame
    ) -> pl.DataFrame:
        """Return the recipients, or instead of one whom the same data is exposed to, if that one is graver."""
        sent_to = two.of(found)
        if sent_to.is_empty():
            return found
        exposed = self._receivers(two.of(exposed_to(seen)), two.series(segments))
        return _replaced(found, two, exposed, exposed["gravity"] > sent_to["gravity"])

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
        who = Who(
            claim=key["claim"],
            operator=key["operator"],
            government=key["government"],
            claimed_country=key["country"],
            has_home=False,
            has_place=key["has_place"],
        )
        return self._row(who, "recipient", key["segment"])

    def _row(self, who: Who, role: str, segment: int) -> Sequence[Any]:
        facts, handled = handler_facts(self._index.moment(segment), who, role)
        hidden = (text_of(handled.contracts), text_of(handled.countries), handled.countries_known)
        return (*facts.row(HANDLER_FACTS), *hidden, gravity(facts, who))


def _replaced(frame: pl.DataFrame, rows: Chosen, others: pl.DataFrame, counts: pl.Series) -> pl.DataFrame:
    """Return ``frame`` with those of its chosen ``rows`` for which ``counts`` holds replaced by ``others``."""
    place = pl.int_range(len(frame), len(frame) + len(others), eager=True)
    other = rows.spread(pl.select(place=pl.when(counts).then(place)))["place"]
    here = pl.int_range(len(frame), eager=True)
    return pl.concat([frame, others])[pl.select(pl.coalesce(other, here)).to_series()]


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
