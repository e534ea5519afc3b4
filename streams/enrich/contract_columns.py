"""The columns that say what contracts say of the work in a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl

from streams.commit import compact_json
from streams.distinct import DistinctTable, Key
from streams.enrich.columns import Chosen, beside, texts_of
from streams.enrich.contracts import CONTRACT_FACTS, Work, contract_facts
from streams.enrich.facts import schema_of
from streams.register_index import RegisterIndex

HANDLED: Final = {"contracts": pl.String(), "countries": pl.String(), "countries_complete": pl.Boolean()}
"""`streams.enrich.handlers.Handled` as columns, lists as JSON."""

WORK_COLUMNS: Final = ["asset.id", "records.fields", "records.users", "purpose"]
"""Columns that say what was handled."""

_AS_TEXT: Final = tuple(compact_json(name).alias(name) for name in ("fields", "privileges"))
_NOT_NAMED: Final = ""
"""Stands for every text that no contract names."""


class ContractColumns:
    """Facts of contracts under one version of register and settings.

    Args:
        index: that version.
    """

    def __init__(self, index: RegisterIndex) -> None:
        self._index = index
        schema = {**schema_of("party", CONTRACT_FACTS), "users_per_day": pl.Int64()}
        self._contract = DistinctTable(schema, self._resolve)
        scopes = [contract.scope for contract in index.register.contracts]
        works = [[approval.work] for contract in index.register.contracts for approval in contract.resub_approvals]
        assets = _Alike(scope.assets or () for scope in scopes)
        fields = _Alike(scope.fields or () for scope in scopes)
        privileges = _Alike(scope.privileges or () for scope in scopes)
        purposes = _Alike([*(scope.purposes or () for scope in scopes), *works])
        self._done = (
            assets.texts("asset.id").alias("asset"),
            fields.lists("records.fields").alias("fields"),
            privileges.lists("done").alias("privileges"),
            purposes.texts("purpose").alias("purpose"),
            pl.col("records.users").list.n_unique().alias("users"),
        )

    def of(
        self, seen: pl.DataFrame, handlers: pl.DataFrame, segments: pl.Series, privileges: pl.Series | None
    ) -> pl.DataFrame:
        """Return the facts of `CONTRACT_FACTS` and ``users_in_scope``, without the role in their names.

        Args:
            seen: the events with ``asset.id``; of them `WORK_COLUMNS` are looked at.
            handlers: ``id``, ``third_party`` and the columns of `HANDLED`, row by row beside the events.
            segments: the events' segments.
            privileges: what the handler did or may do (List of String); None if it did nothing itself.
        """
        third_parties = Chosen(handlers, pl.col("third_party"))
        done = pl.lit(None, pl.List(pl.String)) if privileges is None else privileges
        work = self._work(third_parties.of(seen[WORK_COLUMNS].with_columns(done=done)))
        handled = third_parties.of(handlers[["id", *HANDLED]].with_columns(segment=segments))
        judged = pl.lit(privileges is not None)
        users = work.drop_in_place("users").to_frame()
        found = self._contract.of(beside(handled, work).with_columns(judged=judged))
        limit = pl.col("users_per_day")
        within = pl.when(pl.col("contract").is_not_null()).then(limit.is_null() | (pl.col("users") <= limit))
        found = beside(found, users).with_columns(users_in_scope=within)
        found = found[[name for name in found.columns if name not in {"users", "users_per_day"}]]
        in_force = pl.when(handlers["third_party"].is_null()).then(pl.lit(False)).otherwise("contract_in_force")
        return third_parties.spread(found).with_columns(in_force.alias("contract_in_force"))

    def _work(self, seen: pl.DataFrame) -> pl.DataFrame:
        return seen.select_seq(self._done).with_columns_seq(_AS_TEXT)

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


class _Alike:
    """Texts that no contract tells apart are one text here, so that few distinct keys stay few.

    Args:
        lists: what contracts name, list by list.
    """

    def __init__(self, lists: Iterable[Iterable[str]]) -> None:
        named_in: dict[str, list[int]] = {}
        for number, texts in enumerate(lists):
            for text in dict.fromkeys(texts):
                named_in.setdefault(text, []).append(number)
        first: dict[tuple[int, ...], str] = {}
        self._stands_for = {text: first.setdefault(tuple(numbers), text) for text, numbers in named_in.items()}

    def texts(self, column: str) -> pl.Expr:
        """Return a String column with each text replaced by the one that stands for it; null stays null."""
        return pl.when(pl.col(column).is_not_null()).then(self._replaced(pl.col(column)))

    def lists(self, column: str) -> pl.Expr:
        """Return a List(String) column with its texts replaced, each kept once; null stays null.

        Not sorted: the order makes no difference to a scope, and sorting costs 13 µs a list.
        """
        return pl.col(column).list.eval(self._replaced(pl.element())).list.unique(maintain_order=True)

    def _replaced(self, text: pl.Expr) -> pl.Expr:
        return text.replace_strict(self._stands_for, default=pl.lit(_NOT_NAMED), return_dtype=pl.String)
