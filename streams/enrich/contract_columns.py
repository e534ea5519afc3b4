"""The columns that say what contracts say of the work in a whole batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from schemas.register import Register
from streams.distinct import DistinctTable, Key
from streams.enrich.columns import Chosen, beside, list_as_text, texts_of
from streams.enrich.contracts import CONTRACT_FACTS, Work, contract_facts
from streams.enrich.facts import schema_of
from streams.register_index import RegisterIndex

HANDLED: Final = {"contracts": pl.String(), "countries": pl.String(), "countries_complete": pl.Boolean()}
"""`streams.enrich.handlers.Handled` as columns, lists as JSON."""

OTHER_PURPOSE: Final = ""
"""Stands for every stated purpose that no contract names, so that free text does not make keys many."""


class ContractColumns:
    """Facts of contracts under one version of register and settings.

    Args:
        index: that version.
    """

    def __init__(self, index: RegisterIndex) -> None:
        self._index = index
        schema = {**schema_of("party", CONTRACT_FACTS), "users_per_day": pl.Int64()}
        self._contract = DistinctTable(schema, self._resolve)
        self.purposes = frozenset(_purposes(index.register))

    def of(
        self, seen: pl.DataFrame, handlers: pl.DataFrame, segments: pl.Series, privileges: pl.Expr | None
    ) -> pl.DataFrame:
        """Return the facts of `CONTRACT_FACTS` and ``users_in_scope``, without the role in their names.

        Args:
            seen: the events with ``asset.id``.
            handlers: ``id``, ``third_party`` and the columns of `HANDLED`, row by row beside the events.
            segments: the events' segments.
            privileges: what the handler did or may do (List of String); None if it did nothing itself.
        """
        third_parties = Chosen(handlers, pl.col("third_party"))
        work = self._work(third_parties.of(seen), privileges)
        handled = third_parties.of(handlers.select("id", *HANDLED).with_columns(segment=segments))
        found = self._contract.of(beside(handled, work.drop("users")))
        limit = pl.col("users_per_day")
        within = pl.when(pl.col("contract").is_not_null()).then(limit.is_null() | (pl.col("users") <= limit))
        found = beside(found, work.select("users")).with_columns(users_in_scope=within).drop("users", "users_per_day")
        in_force = pl.when(handlers["third_party"].is_null()).then(pl.lit(False)).otherwise("contract_in_force")
        return third_parties.spread(found).with_columns(in_force.alias("contract_in_force"))

    def _work(self, seen: pl.DataFrame, privileges: pl.Expr | None) -> pl.DataFrame:
        purpose = pl.col("purpose")
        known = pl.Series(sorted(self.purposes), dtype=pl.String).implode()
        return seen.select(
            asset=pl.col("asset.id"),
            fields=list_as_text(seen, pl.col("records.fields")),
            privileges=pl.lit(None, pl.String) if privileges is None else list_as_text(seen, privileges),
            judged=pl.lit(privileges is not None),
            purpose=pl.when(purpose.is_in(known)).then(purpose).when(purpose.is_not_null()).then(pl.lit(OTHER_PURPOSE)),
            users=pl.col("records.users").list.n_unique(),
        )

    def _resolve(self, key: Key) -> Sequence[Any]:
        moment = self._index.moment(key["segment"])
        work = Work(
            asset=key["asset"],
            fields=texts_of(key["fields"]),
            privileges=texts_of(key["privileges"]),
            judged=key["judged"],
            purpose=key["purpose"],
            countries=texts_of(key["countries"]) or (),
            countries_known=key["countries_complete"],
        )
        contracts = texts_of(key["contracts"]) or ()
        facts, users_per_day = contract_facts(moment, moment.parties[key["id"]], contracts, work)
        return (*facts.row(CONTRACT_FACTS), users_per_day)


def _purposes(register: Register) -> Iterator[str]:
    for contract in register.contracts:
        yield from contract.scope.purposes or ()
        yield from (approval.work for approval in contract.resub_approvals)
